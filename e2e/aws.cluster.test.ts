import { expectedCalls, MOCK_NAMES } from '@nm/aws/testing';
import { createAuthorityKeyPair, signServerCertificate } from '@nm/runtime/certificates';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appManifest, AWS_APPS, AWS_LABEL, certificateMap, worldManifests } from './aws/manifests.ts';
import { loadSdkImage } from './aws/sdk-image.ts';
import { eventually, kubectl } from './support/cluster.ts';
import { ask } from './support/live-map.ts';
import { createRelease } from './support/release.ts';

/**
 * AWS visibility as the chart installs it: admission by a real API server, a DNS server and a proxy behind Services, and pods whose
 * SDKs (boto3, JavaScript v3) call what stands for AWS (moto). Then the proxy, and all of ours, ends.
 */
const NAMESPACE = 'aws-system';
const DEPLOYMENT = 'deployment/network-mapper-aws-visibility';
const OUR_POD = 'app.kubernetes.io/component=aws-visibility';
const OURS = 'network-mapper AWS visibility';
const THEIRS = 'their public root';
const CLOUD_EDGES = '{ edges(first: 1000) { nodes { client { name namespace } server { type resource } actions { action count } } } }';
const clock = { now: () => Date.now() };
const release = createRelease('aws', NAMESPACE, [
  'image.tag=e2e',
  'sniffer.enabled=false',
  'mapper.store.persistence.enabled=false',
  'aws.visibility.enabled=true',
  // What stands for AWS has an authority of its own.
  'aws.visibility.extraEnv[0].name=NODE_EXTRA_CA_CERTS',
  'aws.visibility.extraEnv[0].value=/certs/ca.crt',
  'aws.visibility.extraVolumes[0].name=certs',
  'aws.visibility.extraVolumes[0].configMap.name=aws-certs',
  'aws.visibility.extraVolumeMounts[0].name=certs',
  'aws.visibility.extraVolumeMounts[0].mountPath=/certs',
]);

interface Call {
  readonly isGood: boolean;
  readonly at: number;
  readonly text: string;
}

async function callsOf(app: string): Promise<Call[]> {
  const lines = (await logsOf(app)).trim().split('\n');
  return lines.flatMap((line) => {
    const [, outcome, at, text = ''] = /^(ok|failed) (\d+) (.*)$/.exec(line) ?? [];
    return outcome === undefined ? [] : [{ isGood: outcome === 'ok', at: Number(at), text }];
  });
}

const goodCalls = async (app: string, issuer: string, after = 0): Promise<Call[]> =>
  eventually(async () => {
    const found = (await callsOf(app)).filter((call) => call.isGood && call.text === issuer && call.at > after);
    return found.length > 3 ? found : undefined;
  }, 60_000);

async function start(app: string, pod: Parameters<typeof appManifest>[2], args: readonly string[] = ['client']): Promise<void> {
  await kubectl(['apply', '-f', '-'], JSON.stringify(appManifest(app, args, pod)));
  await kubectl(['-n', AWS_APPS, 'rollout', 'status', `deployment/${app}`, '--timeout=120s']);
}

/** `action resource` of all that the map has of an app, sorted. */
async function callsInMap(app: string): Promise<string[]> {
  const { edges } = await ask<{ edges: { nodes: readonly CloudEdge[] } }>(await release.url(), CLOUD_EDGES);
  return edges.nodes
    .filter(({ client, server }) => client.name === app && client.namespace === AWS_APPS && server.type === 'aws')
    .flatMap(({ server, actions }) => (actions ?? []).map(({ action }) => `${action} ${server.resource ?? ''}`))
    .toSorted();
}

/** Calls that the map counts of an app. */
async function countOf(app: string): Promise<number> {
  const { edges } = await ask<{ edges: { nodes: readonly CloudEdge[] } }>(await release.url(), CLOUD_EDGES);
  return edges.nodes
    .filter(({ client }) => client.name === app && client.namespace === AWS_APPS)
    .flatMap(({ actions }) => (actions ?? []).map(({ count }) => count))
    .reduce((sum, count) => sum + count, 0);
}

interface CloudEdge {
  readonly client: { readonly name?: string; readonly namespace?: string };
  readonly server: { readonly type: string; readonly resource?: string };
  readonly actions?: readonly { readonly action: string; readonly count: number }[];
}

const logsOf = (app: string): Promise<string> => kubectl(['-n', AWS_APPS, 'logs', `deployment/${app}`]);

/** Waits until an SDK's program did all of its calls. */
async function untilDone(app: string): Promise<void> {
  await eventually(async () => ((await logsOf(app)).trim().endsWith('done') ? true : undefined), 120_000);
}

async function specOf(app: string): Promise<{ dnsPolicy?: string; volumes?: { name: string }[] }> {
  const list = JSON.parse(await kubectl(['-n', AWS_APPS, 'get', 'pods', '-l', `app=${app}`, '-o', 'json'])) as {
    items: { spec: object }[];
  };
  return list.items[0]?.spec ?? {};
}

beforeAll(async () => {
  await removeAll();
  await loadSdkImage();
  const theirs = await createAuthorityKeyPair(clock, THEIRS);
  const pair = await signServerCertificate(theirs, MOCK_NAMES, clock, 86_400_000);
  await kubectl(['apply', '-f', '-'], JSON.stringify(worldManifests({ 'ca.crt': theirs.cert, 'tls.crt': pair.cert, 'tls.key': pair.key })));
  await kubectl(['create', 'namespace', NAMESPACE]);
  await kubectl(['apply', '-f', '-'], JSON.stringify(certificateMap(NAMESPACE, { 'ca.crt': theirs.cert })));
  for (const app of ['aws', 'dns']) await kubectl(['-n', AWS_APPS, 'rollout', 'status', `deployment/${app}`, '--timeout=120s']);
  await release.install();
  // The DNS that knows this AWS takes the place of the cluster's for our own pod, and through it for labelled ones.
  const address = await dnsAddress();
  const dns = {
    dnsPolicy: 'None',
    dnsConfig: { nameservers: [address], searches: ['cluster.local'], options: [{ name: 'ndots', value: '5' }] },
  };
  await kubectl(['-n', NAMESPACE, 'patch', DEPLOYMENT, '-p', JSON.stringify({ spec: { template: { spec: dns } } })]);
  await kubectl(['-n', NAMESPACE, 'rollout', 'status', DEPLOYMENT, '--timeout=120s']);
}, 400_000);

afterAll(removeAll, 300_000);

async function removeAll(): Promise<void> {
  await release.remove();
  await kubectl(['delete', 'namespace', NAMESPACE, AWS_APPS, '--ignore-not-found', '--wait', '--timeout=120s']);
}

/** What the cluster's DNS would be where AWS is real. */
async function ownDns(): Promise<object> {
  return { dnsPolicy: 'None', dnsConfig: { nameservers: [await dnsAddress()] } };
}

async function dnsAddress(): Promise<string> {
  return (await kubectl(['-n', AWS_APPS, 'get', 'service', 'dns', '-o', 'jsonpath={.spec.clusterIP}'])).trim();
}

test('a labelled pod is led through the proxy, and its call is in the map with action and workload', async () => {
  await start('seen', { labels: { [AWS_LABEL]: 'true' } });
  const { dnsPolicy, volumes } = await specOf('seen');
  expect(dnsPolicy).toBe('None');
  expect(volumes?.map(({ name }) => name)).toContain('network-mapper-aws-ca');
  await goodCalls('seen', OURS);
  const text = await eventually(async () => {
    const found = await ask<object>(
      await release.url(),
      '{ edges(first: 100) { nodes { client { name namespace } server { type name } } } }',
    );
    return JSON.stringify(found).includes('"aws"') ? JSON.stringify(found) : undefined;
  }, 60_000);
  expect(text).toContain('"name":"seen","namespace":"aws-apps"');
});

test('a pod without the label stays as it is', async () => {
  await start('unseen', { spec: await ownDns() });
  const { volumes } = await specOf('unseen');
  expect(volumes?.map(({ name }) => name)).not.toContain('network-mapper-aws-ca');
  await goodCalls('unseen', THEIRS);
});

test.each([
  { app: 'boto3', file: 'calls.py', names: 'py' as const },
  { app: 'javascript', file: 'calls.mjs', names: 'js' as const },
])('with the label, the calls of $app work, and the map has exactly their actions and resources', async ({ app, file, names }) => {
  await start(app, { labels: { [AWS_LABEL]: 'true' } }, ['sdk', file, names]);
  await untilDone(app);
  const found = await eventually(async () => {
    const calls = await callsInMap(app);
    return calls.length >= expectedCalls(names).length ? calls : undefined;
  }, 60_000);
  expect(found).toEqual(expectedCalls(names));
});

test.each([
  { app: 'plain-boto3', file: 'calls.py', names: 'plain-py' },
  { app: 'plain-javascript', file: 'calls.mjs', names: 'plain-js' },
])('without the label, the calls of $app work, and the map has none', async ({ app, file, names }) => {
  await start(app, { spec: await ownDns() }, ['sdk', file, names]);
  await untilDone(app);
  expect(await callsInMap(app)).toEqual([]);
});

test('the proxy is killed: an SDK at work goes on within five seconds, and is seen again when the proxy is back', async () => {
  await start('loop', { labels: { [AWS_LABEL]: 'true' } }, ['sdk', 'forever.py', 'loop']);
  const times = async (): Promise<number[]> =>
    (await logsOf('loop')).split('\n').flatMap((line) => (/^\d+\.\d+$/.test(line) ? [Number(line) * 1000] : []));
  await eventually(async () => ((await times()).length > 20 ? true : undefined), 60_000);
  const isSeen = async (): Promise<boolean> => (await callsInMap('loop')).some((call) => call.startsWith('s3:PutObject'));
  await eventually(async () => ((await isSeen()) ? true : undefined), 60_000);
  const killedAt = Date.now();
  await kubectl(['-n', NAMESPACE, 'delete', 'pod', '-l', OUR_POD, '--grace-period=0', '--force', '--wait=false']);
  await eventually(async () => ((await times()).some((time) => time > killedAt + 15_000) ? true : undefined), 60_000);
  const all = await times();
  const gapMs = (all.find((time) => time > killedAt + 200) ?? Infinity) - killedAt;
  const later = all.filter((time) => time > killedAt + 200);
  const longestMs = Math.max(...later.slice(1).map((time, index) => time - (later[index] ?? time)));
  process.stdout.write(
    `boto3 went on after ${gapMs.toFixed(0)} ms; longest wait after that, as the proxy came back: ${longestMs.toFixed(0)} ms\n`,
  );
  expect(gapMs).toBeLessThan(5_000);
  await kubectl(['-n', NAMESPACE, 'rollout', 'status', DEPLOYMENT, '--timeout=120s']);
  const before = await countOf('loop');
  await eventually(async () => ((await countOf('loop')) > before ? true : undefined), 90_000);
});

test('all of ours ends: a pod at work goes on within five seconds, and a labelled one that starts then works', async () => {
  const endedAt = Date.now();
  await kubectl(['-n', NAMESPACE, 'delete', 'pod', '-l', OUR_POD, '--grace-period=0', '--force', '--wait=false']);
  await kubectl(['-n', NAMESPACE, 'scale', DEPLOYMENT, '--replicas=0']);
  const [first] = await goodCalls('seen', THEIRS, endedAt);
  const last = (await callsOf('seen')).findLast(({ isGood, text }) => isGood && text === OURS);
  const gapMs = (first?.at ?? Infinity) - (last?.at ?? 0);
  process.stdout.write(`failover after ${gapMs} ms\n`);
  // The time is what is promised: an SDK's first retries must get through.
  expect(gapMs).toBeLessThan(5_000);
  await start('late', { labels: { [AWS_LABEL]: 'true' }, spec: await ownDns() });
  await goodCalls('late', THEIRS);
});
