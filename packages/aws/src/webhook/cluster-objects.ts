import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import { AppError } from '@nm/core';
import type { Clock } from '@nm/core';
import { isKubeError } from '@nm/kube';
import type { KubeClient } from '@nm/kube';
import { createAuthorityKeyPair } from '../proxy/certificate-authority.ts';
import type { KeyPair } from '../proxy/certificate-authority.ts';

/** Namespaces whose bundle is known to be in place, remembered. */
const MAX_NAMESPACES = 10_000;
const MERGE = 'application/merge-patch+json';

interface Secret {
  readonly data?: Readonly<Record<string, string>>;
}

function hasStatus(error: unknown, status: number): boolean {
  return isKubeError(error) && error.fields['status'] === status;
}

/** The authority kept in a Secret, made when there is none; of two that make one at once the first wins. */
export async function loadAuthority(kube: KubeClient, clock: Clock, namespace: string, name: string): Promise<KeyPair> {
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  const read = async (): Promise<KeyPair | undefined> => {
    const { data } = (await kube.request(`${path}/${name}`)) as Secret;
    const [cert, key] = [data?.['tls.crt'], data?.['tls.key']];
    return cert === undefined || key === undefined
      ? undefined
      : { cert: Buffer.from(cert, 'base64').toString(), key: Buffer.from(key, 'base64').toString() };
  };
  try {
    const known = await read();
    if (known !== undefined) return known;
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
  }
  const made = await createAuthorityKeyPair(clock, 'network-mapper AWS visibility');
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': made.cert, 'tls.key': made.key },
  };
  try {
    await kube.request(path, { method: 'POST', body });
    return made;
  } catch (error) {
    if (!hasStatus(error, 409)) throw error;
    return (await read()) ?? made;
  }
}

/** Puts our certificate, alone and with the public roots, into a namespace; once for each while we run. */
export function createBundleProvider(kube: KubeClient, cert: string, configMap: string): (namespace: string) => Promise<void> {
  const done = new Set<string>();
  const data = { 'ca.crt': cert, 'bundle.crt': `${rootCertificates.join('\n')}\n${cert}` };
  return async (namespace) => {
    if (done.has(namespace)) return;
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    try {
      await kube.request(`${path}/${configMap}`, { method: 'PATCH', contentType: MERGE, body: { data } });
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
      await kube.request(path, {
        method: 'POST',
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: configMap, namespace }, data },
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
