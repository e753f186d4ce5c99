import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { CLUSTER_RESOURCES } from '@nm/kube';
import { CHART, helm, kubectl } from './support/cluster.ts';

/** The chart as Helm renders it: golden files for each way of installing, and values that must fail. `-u` writes them anew. */
const CASES: Readonly<Record<string, readonly string[]>> = {
  defaults: [],
  postgresql: ['mapper.replicas=3', 'mapper.store.type=postgresql', 'mapper.store.postgresql.existingSecret=map-db'],
  watchers: [
    'kafkaWatcher.enabled=true',
    'kafkaWatcher.servers={kafka.shop,events.pay:broker}',
    'kafkaWatcher.servers[2].name=main',
    'kafkaWatcher.servers[2].namespace=pay',
    'kafkaWatcher.servers[2].container=broker',
    'istioWatcher.enabled=true',
    'mapper.serviceMonitor.enabled=true',
    'sniffer.podMonitor.enabled=true',
  ],
  'istio-in-mapper': ['istioWatcher.enabled=true', 'istioWatcher.inMapper=true', 'istioWatcher.readBy=exec', 'istioWatcher.namespace=shop'],
  'istio-tls': ['istioWatcher.enabled=true', 'istioWatcher.readBy=exec', 'istioWatcher.proxyTls=on'],
  'tls-mapper': ['tls.mode=mapper'],
  'tls-secret': ['tls.mode=secret', 'tls.secretName=map-tls', 'networkPolicy.reportersFrom={192.0.2.0/24}'],
  'aws-visibility': ['aws.visibility.enabled=true', 'aws.visibility.replicas=2', 'aws.visibility.hosts={*.example.com}'],
  // As docs/install.md says for them.
  openshift: [
    'mapper.podSecurityContext.runAsUser=null',
    'mapper.podSecurityContext.runAsGroup=null',
    'mapper.podSecurityContext.fsGroup=null',
  ],
  'selinux-apparmor': ['sniffer.securityContext.seLinuxOptions.type=spc_t', 'sniffer.securityContext.appArmorProfile.type=Unconfined'],
  'owner-kinds': ['mapper.ownerKinds[0].kind=Rollout', 'mapper.ownerKinds[0].group=argoproj.io', 'mapper.ownerKinds[0].resource=rollouts'],
};

const RESTRICTED = 'nm-restricted';

const oldNames = parseAllDocuments(readFileSync(join(CHART, 'old-names.yaml'), 'utf8'))[0]?.toJS() as { was: string; now: string }[];

async function render(values: readonly string[]): Promise<string> {
  return helm(['template', 'network-mapper', CHART, '-n', 'otterize-system', ...values.flatMap((value) => ['--set', value])]);
}

test('lint finds nothing', async () => {
  expect(await helm(['lint', '--strict', CHART])).toContain('0 chart(s) failed');
});

describe.each(Object.entries(CASES))('%s', (name, values) => {
  test('renders as before', async () => {
    await expect(await render(values)).toMatchFileSnapshot(join(import.meta.dirname, 'chart', `${name}.yaml`));
  });

  test('is accepted by an API server', async () => {
    const objects = parseAllDocuments(await render(values))
      .map((document) => document.toJS() as { kind: string; apiVersion: string; metadata: { namespace?: string } } | null)
      // The operator of Prometheus is not installed here. Namespaces need not be there for a look.
      .filter((object) => object !== null && !object.apiVersion.startsWith('monitoring.'))
      .map((object) =>
        object?.metadata.namespace === undefined ? object : { ...object, metadata: { ...object.metadata, namespace: 'default' } },
      );
    const answer = await kubectl(
      ['apply', '--dry-run=server', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
    );
    expect(answer.trim().split('\n')).toHaveLength(objects.length);
  });
});

test('all but the sniffers fit the restricted Pod Security profile', async () => {
  await kubectl(['delete', 'namespace', RESTRICTED, '--ignore-not-found', '--timeout=60s']);
  await kubectl(['create', 'namespace', RESTRICTED]);
  await kubectl(['label', 'namespace', RESTRICTED, 'pod-security.kubernetes.io/enforce=restricted']);
  const values = Object.values(CASES).flat();
  const templates = parseAllDocuments(
    await render([...values.filter((value) => !value.endsWith('=null')), 'istioWatcher.inMapper=false', 'istioWatcher.proxyTls=off']),
  )
    .map((document) => document.toJS() as { kind: string; metadata: { name: string }; spec: { template: { spec: object } } } | null)
    .filter((object) => object !== null && (object.kind === 'Deployment' || object.kind === 'DaemonSet'));
  const admit = async (name: string, spec: object): Promise<string> =>
    kubectl(
      ['-n', RESTRICTED, 'apply', '--dry-run=server', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { ...spec, serviceAccountName: 'default' } }),
    ).then(
      () => 'admitted',
      (error: Error) => /violates PodSecurity/.exec(error.message)?.[0] ?? error.message,
    );
  const admitted = await Promise.all(
    templates.map(async (object) => [object?.metadata.name, await admit(object?.metadata.name ?? '', object?.spec.template.spec ?? {})]),
  );
  await kubectl(['delete', 'namespace', RESTRICTED, '--wait=false']);
  expect(Object.fromEntries(admitted)).toEqual({
    'network-mapper-mapper': 'admitted',
    'network-mapper-kafka-watcher': 'admitted',
    'network-mapper-istio-watcher': 'admitted',
    'network-mapper-aws-visibility': 'admitted',
    'network-mapper-sniffer': 'violates PodSecurity',
  });
}, 60_000);

test('the mapper may read what it watches and nothing else', async () => {
  const role = parseAllDocuments(await render([]))
    .map((document) => document.toJS() as { kind: string; rules?: { apiGroups: string[]; resources: string[]; verbs: string[] }[] } | null)
    .find((object) => object?.kind === 'ClusterRole');
  const granted = (role?.rules ?? []).flatMap(({ apiGroups, resources, verbs }) => {
    expect(verbs).toEqual(['get', 'list', 'watch']);
    return resources.map((resource) => (apiGroups[0] === '' ? resource : `${resource}.${apiGroups[0]}`));
  });
  expect(granted.toSorted()).toEqual(CLUSTER_RESOURCES.map(({ name }) => name).toSorted());
});

test('given labels and annotations replace ours but those that select, and no key is there twice', async () => {
  const objects = parseAllDocuments(
    await render([
      'commonLabels.app\\.kubernetes\\.io/part-of=platform',
      'commonLabels.app\\.kubernetes\\.io/name=other',
      'commonAnnotations.linkerd\\.io/inject=enabled',
      'mapper.podLabels.istio\\.io/dataplane-mode=ambient',
      'dashboards.enabled=true',
    ]),
  );
  expect(objects.flatMap(({ errors }) => errors)).toEqual([]);
  const mapper = objects
    .map((document) => document.toJS() as { kind: string; metadata: { labels: object }; spec: { template: { metadata: object } } } | null)
    .find((object) => object?.kind === 'Deployment');
  const labels = { 'app.kubernetes.io/name': 'network-mapper', 'app.kubernetes.io/part-of': 'platform' };
  expect(mapper?.metadata.labels).toMatchObject(labels);
  expect(mapper?.spec.template.metadata).toMatchObject({
    labels: { ...labels, 'istio.io/dataplane-mode': 'ambient', 'sidecar.istio.io/inject': 'false' },
    annotations: { 'linkerd.io/inject': 'enabled', 'kuma.io/sidecar-injection': 'disabled' },
  });
});

test.each([
  ['', undefined],
  ['fast', 'fast'],
  ['-', ''],
])('StorageClass "%s"', async (name, expected) => {
  const claim = parseAllDocuments(
    await render(['mapper.store.persistence.enabled=true', `mapper.store.persistence.storageClassName=${name}`]),
  )
    .map((document) => document.toJS() as { kind: string; spec: { storageClassName?: string } } | null)
    .find((object) => object?.kind === 'PersistentVolumeClaim');
  expect(claim?.spec.storageClassName).toBe(expected);
});

test.each<[string, readonly string[], RegExp]>([
  ['one port for two things', ['tls.mode=mapper', 'tls.port=9090'], /must differ/],
  ['the metrics at the port of queries', ['mapper.service.port=2112'], /must differ/],
  ['several replicas on SQLite', ['mapper.replicas=2'], /needs mapper.store.type postgresql/],
  ['PostgreSQL without its Secret', ['mapper.store.type=postgresql'], /existingSecret is needed/],
  ['TLS without its Secret', ['tls.mode=secret'], /secretName is needed/],
  ['a Kafka server without namespace', ['kafkaWatcher.enabled=true', 'kafkaWatcher.servers[0].name=kafka'], /namespace/],
  [
    'TLS of proxies in the mapper',
    ['istioWatcher.enabled=true', 'istioWatcher.inMapper=true', 'istioWatcher.proxyTls=insecure'],
    /of its own/,
  ],
  ['a Kafka watcher without servers', ['kafkaWatcher.enabled=true'], /kafkaWatcher.servers is needed/],
  ['a key that nobody knows', ['mapper.replica=2'], /replica.* not allowed/],
])('%s is refused', async (_, values, message) => {
  await expect(render(values)).rejects.toThrow(message);
});

test.each(oldNames.filter(({ was }) => was.includes('.')))('$was is refused with its new name', async ({ was }) => {
  await expect(render([`${was}=true`])).rejects.toThrow(`is a value of the older chart`);
});

test.each([
  [['global.telemetry.enabled=false'], ['telemetry:', '  enabled: false']],
  [
    ['global.telemetry.enabled=false', 'mapper.options.telemetry.enabled=true'],
    ['telemetry:', '  enabled: false'],
  ],
  [['global.telemetry.enabled=true'], []],
  [['global.telemetry.usage.enabled=true'], []],
] as const)('%s reaches the mapper', async (values, lines) => {
  const [plain, switched] = await Promise.all([render([]), render(values)]);
  const config = (text: string): string[] =>
    (/mapper\.yaml: \|\n((?: {4}.*\n)+)/.exec(text)?.[1] ?? '').split('\n').map((line) => line.slice(4));
  expect(config(switched).filter((line) => !config(plain).includes(line))).toEqual(lines);
});

test('dashboards reach the sidecar whole', async () => {
  const objects = parseAllDocuments(await render(['dashboards.enabled=true', 'dashboards.namespace=monitoring']))
    .map(
      (document) =>
        document.toJS() as {
          kind: string;
          metadata: { namespace: string; labels: Record<string, string> };
          data: Record<string, string>;
        } | null,
    )
    .filter((object) => object?.metadata.labels['grafana_dashboard'] === '1');
  const folder = join(CHART, '..', '..', 'deploy', 'grafana');
  const files = readdirSync(folder).toSorted();
  expect(objects.flatMap((object) => Object.entries(object?.data ?? {})).toSorted(([a], [b]) => a.localeCompare(b))).toEqual(
    files.map((file) => [file, readFileSync(join(folder, file), 'utf8').trimEnd()]),
  );
  expect(new Set(objects.map((object) => object?.metadata.namespace))).toEqual(new Set(['monitoring']));
});
