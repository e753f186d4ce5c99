import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthorityKeyPair, signServerCertificate } from '@nm/runtime/certificates';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appManifest, AWS_APPS, AWS_LABEL, certificateMap, worldManifests } from './aws/manifests.ts';
import { ROOT, eventually, kubectl, loadImage, makeNodeRootfs } from './support/cluster.ts';
import { ask } from './support/live-map.ts';
import { createRelease } from './support/release.ts';

/**
 * AWS visibility as the chart installs it: admission by a real API server, a DNS server and a proxy behind Services, and pods that call
 * what stands for AWS. Then all of ours ends.
 */
const NAMESPACE = 'aws-system';
const DEPLOYMENT = 'deployment/network-mapper-aws-visibility';
const OURS = 'network-mapper AWS visibility';
const THEIRS = 'their public root';
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
  const lines = (await kubectl(['-n', AWS_APPS, 'logs', `deployment/${app}`])).trim().split('\n');
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

async function start(app: string, pod: Parameters<typeof appManifest>[2]): Promise<void> {
  await kubectl(['apply', '-f', '-'], JSON.stringify(appManifest(app, 'client', pod)));
  await kubectl(['-n', AWS_APPS, 'rollout', 'status', `deployment/${app}`, '--timeout=120s']);
}

async function specOf(app: string): Promise<{ dnsPolicy?: string; volumes?: { name: string }[] }> {
  const list = JSON.parse(await kubectl(['-n', AWS_APPS, 'get', 'pods', '-l', `app=${app}`, '-o', 'json'])) as {
    items: { spec: object }[];
  };
  return list.items[0]?.spec ?? {};
}

beforeAll(async () => {
  await removeAll();
  const folder = mkdtempSync(join(tmpdir(), 'network-mapper-aws-'));
  try {
    await makeNodeRootfs(folder);
    mkdirSync(join(folder, 'app'));
    cpSync(join(ROOT, 'e2e', 'aws', 'main.js'), join(folder, 'app', 'main.mjs'));
    await loadImage('aws-calls:e2e', folder, { Entrypoint: ['node', '/app/main.mjs'], User: '1000' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const theirs = await createAuthorityKeyPair(clock, THEIRS);
  const pair = await signServerCertificate(theirs, ['sts.us-east-1.amazonaws.com'], clock, 86_400_000);
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
  const spec = { dnsPolicy: 'None', dnsConfig: { nameservers: [await dnsAddress()] } };
  await start('unseen', { spec });
  const { volumes } = await specOf('unseen');
  expect(volumes?.map(({ name }) => name)).not.toContain('network-mapper-aws-ca');
  await goodCalls('unseen', THEIRS);
});

test('all of ours ends: a pod at work goes on within five seconds, and a labelled one that starts then works', async () => {
  const endedAt = Date.now();
  await kubectl([
    '-n',
    NAMESPACE,
    'delete',
    'pod',
    '-l',
    'app.kubernetes.io/component=aws-visibility',
    '--grace-period=0',
    '--force',
    '--wait=false',
  ]);
  await kubectl(['-n', NAMESPACE, 'scale', DEPLOYMENT, '--replicas=0']);
  const [first] = await goodCalls('seen', THEIRS, endedAt);
  const last = (await callsOf('seen')).findLast(({ isGood, text }) => isGood && text === OURS);
  const gapMs = (first?.at ?? Infinity) - (last?.at ?? 0);
  process.stdout.write(`failover after ${gapMs} ms\n`);
  // The time is what is promised: an SDK's first retries must get through.
  expect(gapMs).toBeLessThan(5_000);
  await start('late', { labels: { [AWS_LABEL]: 'true' }, spec: { dnsPolicy: 'None', dnsConfig: { nameservers: [await dnsAddress()] } } });
  await goodCalls('late', THEIRS);
});
