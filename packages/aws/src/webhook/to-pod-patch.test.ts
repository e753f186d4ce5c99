import { expect, test } from 'vitest';
import { JAVA_ANNOTATION, toPodPatch, VISIBILITY_LABEL, wantsVisibility } from './to-pod-patch.ts';
import type { PatchOperation, PodLike } from './to-pod-patch.ts';

const OPTIONS = { dnsAddress: '10.96.0.53', clusterDnsAddress: '10.96.0.10', clusterDomain: 'cluster.local', configMap: 'ca' };

/** Applies the two operations that the patch uses. */
function applied(pod: PodLike, patch: readonly PatchOperation[]): PodLike {
  const copy = structuredClone(pod) as never;
  for (const { path, value } of patch) {
    const keys = path.slice(1).split('/');
    const last = keys.pop() ?? '';
    let at = copy as Record<string, unknown>;
    for (const key of keys) at = at[key] as Record<string, unknown>;
    if (last === '-') (at as unknown as unknown[]).push(value);
    else at[last] = value;
  }
  return copy;
}

const POD: PodLike = {
  spec: { containers: [{ name: 'a' }, { name: 'b', env: [{ name: 'SSL_CERT_FILE' }] }], initContainers: [{ name: 'i' }], volumes: [] },
};

test('mounts the bundle into every container and keeps what they set', () => {
  const { spec } = applied(POD, toPodPatch(POD, 'shop', OPTIONS));
  expect(spec?.volumes).toHaveLength(1);
  for (const container of [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]) expect(container.volumeMounts).toHaveLength(1);
  expect(spec?.initContainers?.[0]?.env?.map(({ name }) => name)).toEqual([
    'NODE_EXTRA_CA_CERTS',
    'AWS_CA_BUNDLE',
    'REQUESTS_CA_BUNDLE',
    'SSL_CERT_FILE',
    'CURL_CA_BUNDLE',
  ]);
  expect(spec?.containers?.[1]?.env?.filter(({ name }) => name === 'SSL_CERT_FILE')).toEqual([{ name: 'SSL_CERT_FILE' }]);
});

test('keeps the search list and ndots of the pod’s own namespace', () => {
  const { spec } = applied(POD, toPodPatch(POD, 'shop', OPTIONS));
  expect(spec?.dnsPolicy).toBe('None');
  expect(spec?.dnsConfig).toEqual({
    nameservers: ['10.96.0.53', '10.96.0.10'],
    searches: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
    options: [
      { name: 'ndots', value: '5' },
      { name: 'timeout', value: '1' },
    ],
  });
});

test('keeps the pod’s own DNS settings', () => {
  const pod: PodLike = {
    spec: { containers: [], dnsPolicy: 'ClusterFirst', dnsConfig: { searches: ['corp'], options: [{ name: 'ndots', value: '2' }] } },
  };
  const { spec } = applied(pod, toPodPatch(pod, 'shop', OPTIONS));
  expect(spec?.dnsConfig?.searches?.at(-1)).toBe('corp');
  expect(spec?.dnsConfig?.options).toEqual([
    { name: 'timeout', value: '1' },
    { name: 'ndots', value: '2' },
  ]);
});

test('a second run changes nothing', () => {
  const once = applied(POD, toPodPatch(POD, 'shop', OPTIONS));
  expect(toPodPatch(once, 'shop', OPTIONS)).toEqual([]);
});

test.for<[string, PodLike]>([
  ['host network', { spec: { hostNetwork: true, containers: [{}] } }],
  ['DNS of its own', { spec: { dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'] }, containers: [{}] } }],
  ['no spec', {}],
])('leaves a pod with %s as it is', ([, pod]) => {
  expect(toPodPatch(pod, 'shop', OPTIONS)).toEqual([]);
});

test.for<[string, string | undefined, string | undefined, boolean]>([
  ['pod says yes', 'true', undefined, true],
  ['namespace says yes', undefined, 'true', true],
  ['pod says no to its namespace', 'false', 'true', false],
  ['nobody says anything', undefined, undefined, false],
])('%s', ([, own, namespace, expected]) => {
  const label = (value: string | undefined): Record<string, string> => (value === undefined ? {} : { [VISIBILITY_LABEL]: value });
  expect(wantsVisibility({ metadata: { labels: label(own) } }, label(namespace))).toBe(expected);
});

test.for<[string, PodLike['metadata'], string | undefined, string | undefined]>([
  ['without the annotation', {}, undefined, undefined],
  ['with it', { annotations: { [JAVA_ANNOTATION]: 'true' } }, undefined, '-Djavax.net.ssl.trustStore='],
  ['with options of its own', { annotations: { [JAVA_ANNOTATION]: 'true' } }, '-Xmx1g', '-Xmx1g -Djavax.net.ssl.trustStore='],
  [
    'with a trust store of its own',
    { annotations: { [JAVA_ANNOTATION]: 'true' } },
    '-Djavax.net.ssl.trustStore=/x',
    '-Djavax.net.ssl.trustStore=/x',
  ],
])('Java: %s', ([, metadata, own, expected]) => {
  const env = own === undefined ? [] : [{ name: 'JAVA_TOOL_OPTIONS', value: own }];
  const pod: PodLike = { ...(metadata === undefined ? {} : { metadata }), spec: { containers: [{ name: 'a', env }] } };
  const once = applied(pod, toPodPatch(pod, 'shop', OPTIONS));
  const value = once.spec?.containers?.[0]?.env?.find(({ name }) => name === 'JAVA_TOOL_OPTIONS')?.value;
  expect(value?.slice(0, expected?.length)).toBe(expected);
  expect(toPodPatch(once, 'shop', OPTIONS)).toEqual([]);
});
