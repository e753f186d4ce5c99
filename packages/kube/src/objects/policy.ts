import { parseAuthorizationPolicy, parseDeclaredIntents, parseNetworkPolicy } from '@nm/core';
import type { ClusterChange } from '@nm/core';
import type { JsonObject } from './fields.ts';
import { toMetadata } from './metadata.ts';

type PolicyChange = Extract<ClusterChange, { readonly type: 'networkPolicy' | 'authorizationPolicy' | 'clientIntents' }>;

/** Groups whose objects of that kind are meant: Calico has NetworkPolicies too, Linkerd AuthorizationPolicies. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  NetworkPolicy: ['networking.k8s.io', 'extensions'],
  AuthorizationPolicy: ['security.istio.io'],
  ClientIntents: ['k8s.otterize.com'],
};

/** What an object restricts or declares; undefined for another group's kind of that name, and for what cannot be read. */
export function toPolicyChange(object: JsonObject, kind: string, apiVersion: string | undefined): PolicyChange | undefined {
  if (apiVersion !== undefined && GROUPS[kind]?.includes(apiVersion.split('/')[0] ?? '') !== true) return undefined;
  const uid = toMetadata(object, kind, true)?.uid;
  if (uid === undefined) return undefined;
  if (kind === 'NetworkPolicy') {
    const policy = parseNetworkPolicy(object);
    return policy && { type: 'networkPolicy', uid, policy };
  }
  if (kind === 'AuthorizationPolicy') {
    const policy = parseAuthorizationPolicy(object);
    return policy && { type: 'authorizationPolicy', uid, policy };
  }
  const intents = parseDeclaredIntents(object);
  return intents && { type: 'clientIntents', uid, intents };
}
