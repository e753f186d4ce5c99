import type { KubeClient } from '../client/kube-client.ts';
import { isKubeError } from '../client/kube-error.ts';
import { objectOf, objectsOf, textOf } from '../objects/fields.ts';
import type { WatchedResource } from './watched-resource.ts';

/** A kind that owns workloads, e.g. Argo's Rollout: `Rollout.argoproj.io`. */
export interface OwnerKind {
  readonly kind: string;
  readonly group: string;
}

/** `Kind.group` or `group/version/Kind` (the version is then found out all the same); undefined for anything else. */
export function parseOwnerKind(text: string): OwnerKind | undefined {
  const slashed = /^([a-z0-9.-]+)\/(?:[a-z0-9]+\/)?([A-Z][A-Za-z0-9]*)$/.exec(text);
  if (slashed !== null) return { group: slashed[1] ?? '', kind: slashed[2] ?? '' };
  const dotted = /^([A-Z][A-Za-z0-9]*)\.([a-z0-9.-]+)$/.exec(text);
  return dotted === null ? undefined : { kind: dotted[1] ?? '', group: dotted[2] ?? '' };
}

/** Asks the API server where a kind is served, newest preferred version first; undefined when it is not. */
export async function discoverOwner(client: KubeClient, owner: OwnerKind, signal: AbortSignal): Promise<WatchedResource | undefined> {
  const group = await get(client, `/apis/${owner.group}`, signal);
  if (group === undefined) return undefined;
  const preferred = textOf(objectOf(objectOf(group)['preferredVersion'])['version']);
  const all = objectsOf(objectOf(group)['versions']).flatMap((entry) => textOf(entry['version']) ?? []);
  const versions: { apiVersion: string; path: string }[] = [];
  let plural = '';
  for (const version of new Set(preferred === undefined ? all : [preferred, ...all])) {
    const apiVersion = `${owner.group}/${version}`;
    const resources = objectsOf(objectOf(await get(client, `/apis/${apiVersion}`, signal))['resources']);
    const found = resources.find((entry) => entry['kind'] === owner.kind && textOf(entry['name'])?.includes('/') === false);
    const name = textOf(found?.['name']);
    if (name === undefined) continue;
    plural = name;
    versions.push({ apiVersion, path: `/apis/${apiVersion}/${name}` });
  }
  return versions.length === 0 ? undefined : { name: `${plural}.${owner.group}`, kind: owner.kind, versions, isPartial: true };
}

async function get(client: KubeClient, path: string, signal: AbortSignal): Promise<unknown> {
  try {
    return await client.request(path, { signal });
  } catch (error) {
    if (isKubeError(error) && error.code === 'kube-not-found') return undefined;
    throw error;
  }
}
