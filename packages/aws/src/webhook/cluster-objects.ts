import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import { AppError } from '@nm/core';
import type { Clock } from '@nm/core';
import { isKubeError } from '@nm/kube';
import type { KubeClient } from '@nm/kube';
import { createAuthorityKeyPair } from '@nm/runtime/certificates';
import type { KeyPair } from '@nm/runtime/certificates';
import { encodeJks } from './encode-jks.ts';

/** Namespaces whose bundle is known to be in place, remembered. */
const MAX_NAMESPACES = 10_000;
const MERGE = 'application/merge-patch+json';

/** Before its end, so that pods that started with the old certificate have been replaced by then. */
const RENEW_BEFORE_MS = 365 * 86_400_000;

interface Secret {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** The authority, and what labelled pods trust: while it is renewed, the former one too. */
export interface Authority extends KeyPair {
  /** PEM of one certificate or more, ours first. */
  readonly trusted: string;
}

function hasStatus(error: unknown, status: number): boolean {
  return isKubeError(error) && error.fields['status'] === status;
}

/**
 * The authority kept in a Secret: made when there is none, renewed a year before its end. Of two that make or renew one at once
 * the first wins.
 */
export async function loadAuthority(kube: KubeClient, clock: Clock, namespace: string, name: string): Promise<Authority> {
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  const read = async (): Promise<{ readonly secret: Secret; readonly authority: Authority } | undefined> => {
    try {
      const secret = (await kube.request(`${path}/${name}`)) as Secret;
      const [cert, key, trusted] = ['tls.crt', 'tls.key', 'ca.crt'].map((file) => {
        const text = secret.data?.[file];
        return text === undefined ? undefined : Buffer.from(text, 'base64').toString();
      });
      return cert === undefined || key === undefined ? undefined : { secret, authority: { cert, key, trusted: trusted ?? cert } };
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
      return undefined;
    }
  };
  const known = await read();
  if (known !== undefined && !needsRenewal(known.authority, clock)) return known.authority;
  const made = await createAuthorityKeyPair(clock, 'network-mapper AWS visibility');
  const trusted = [made.cert, ...stillValid(known?.authority.trusted ?? '', clock)].map((cert) => cert.trim()).join('\n');
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, ...(known === undefined ? {} : { resourceVersion: known.secret.metadata?.resourceVersion }) },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': made.cert, 'tls.key': made.key, 'ca.crt': trusted },
  };
  try {
    if (known === undefined) await kube.request(path, { method: 'POST', body });
    else await kube.request(`${path}/${name}`, { method: 'PUT', body });
    return { ...made, trusted };
  } catch (error) {
    if (!hasStatus(error, 409)) throw error;
    return (await read())?.authority ?? { ...made, trusted };
  }
}

export function needsRenewal({ cert }: KeyPair, clock: Clock): boolean {
  return Date.parse(new X509Certificate(cert).validTo) - clock.now() < RENEW_BEFORE_MS;
}

/** Certificates of a PEM text that have not ended, at most the two newest. */
function stillValid(pem: string, clock: Clock): string[] {
  const all = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return all.filter((cert) => Date.parse(new X509Certificate(cert).validTo) > clock.now()).slice(0, 2);
}

/** Puts our certificate, alone and with the public roots, into a namespace; once for each while we run. */
export function createBundleProvider(
  kube: KubeClient,
  clock: Clock,
  cert: string,
  configMap: string,
): (namespace: string) => Promise<void> {
  const done = new Set<string>();
  const ours = cert.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const data = { 'ca.crt': cert, 'bundle.crt': `${rootCertificates.join('\n')}\n${cert}` };
  const binaryData = { 'truststore.jks': encodeJks([...rootCertificates, ...ours], clock.now()).toString('base64') };
  return async (namespace) => {
    if (done.has(namespace)) return;
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    try {
      await kube.request(`${path}/${configMap}`, { method: 'PATCH', contentType: MERGE, body: { data, binaryData } });
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
      await kube.request(path, {
        method: 'POST',
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: configMap, namespace }, data, binaryData },
      });
    }
    if (done.size >= MAX_NAMESPACES) done.clear();
    done.add(namespace);
  };
}

export async function loadNamespaceLabels(kube: KubeClient, namespace: string): Promise<Readonly<Record<string, string>>> {
  const { metadata } = (await kube.request(`/api/v1/namespaces/${namespace}`)) as {
    readonly metadata?: { readonly labels?: Record<string, string> };
  };
  return metadata?.labels ?? {};
}

/** Addresses of a Service, its own family first. Throws AppError `aws-service-address` when it has none. */
export async function loadServiceAddresses(kube: KubeClient, namespace: string, name: string): Promise<readonly string[]> {
  const { spec } = (await kube.request(`/api/v1/namespaces/${namespace}/services/${name}`)) as {
    readonly spec?: { readonly clusterIP?: string; readonly clusterIPs?: readonly string[] };
  };
  const addresses = (spec?.clusterIPs ?? [spec?.clusterIP ?? '']).filter((address) => isIP(address) !== 0);
  if (addresses.length === 0)
    throw new AppError('aws-service-address', `the Service ${name} has no address of its own: it must not be headless`);
  return addresses;
}

/** Writes our certificate into every webhook of the configuration, where it differs. */
export async function provideCaBundle(kube: KubeClient, name: string, cert: string): Promise<void> {
  const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${name}`;
  const { webhooks = [] } = (await kube.request(path)) as {
    readonly webhooks?: readonly { readonly clientConfig?: { readonly caBundle?: string } }[];
  };
  const wanted = Buffer.from(cert).toString('base64');
  const body = webhooks.flatMap(({ clientConfig }, index) =>
    clientConfig?.caBundle === wanted ? [] : [{ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: wanted }],
  );
  if (body.length > 0) await kube.request(path, { method: 'PATCH', contentType: 'application/json-patch+json', body });
}
