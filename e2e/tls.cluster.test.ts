import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthorityKeyPair, signServerCertificate } from '@nm/runtime/certificates';
import { shopManifests } from './shop/manifests.ts';
import { eventually, inNode, kubectl } from './support/cluster.ts';
import { edgeKey } from './support/live-map.ts';
import { LOCAL_VOLUME_VALUES, createLocalVolume, removeLocalVolume } from './support/local-volume.ts';
import { MAX_WAIT_MS, createRelease, lossesOfSniffers } from './support/release.ts';
import { isMiscounted, missingCalls, spokenCalls } from './support/shop-truth.ts';

/**
 * Reports over TLS while the certificate and its authority are exchanged under them: one of the mapper's own, and one
 * in a Secret, as cert-manager writes and renews it. Nothing is restarted, and every call of the shop is counted.
 */
const NAMESPACE = 'nm-tls';
const HOST = `otterize-network-mapper.${NAMESPACE}.svc`;
/** Kubelets bring a changed ConfigMap or Secret with a pod's next sync, a minute to a minute and a half apart; then the file is read within 30 s. */
const SETTLE_MS = 180_000;
const DAY_MS = 86_400_000;
const RESTARTS = 'jsonpath={.items[0].status.containerStatuses[0].restartCount}';
const METRICS_PORT = 2_114;
const VALUES = [
  'image.tag=e2e',
  ...LOCAL_VOLUME_VALUES,
  // Other ports than an installation that may run beside it, because sniffers are in the nodes' network.
  `sniffer.metrics.port=${METRICS_PORT}`,
  'sniffer.health.port=57924',
];

const release = createRelease('tls', NAMESPACE, VALUES);

beforeAll(async () => {
  await removeAll();
  await createLocalVolume();
  await release.install(['tls.mode=mapper']);
  await kubectl(['apply', '-f', '-'], JSON.stringify(shopManifests('shop:e2e')));
  await kubectl(['-n', 'shop', 'wait', '--for=condition=Available', 'deployment', '--all', '--timeout=120s']);
}, 300_000);

afterAll(removeAll, 300_000);

test('a certificate that the mapper makes: reports arrive over TLS alone, and the map is whole', async () => {
  const isThere = await eventually(async () => {
    const missing = missingCalls(await release.edges(), await spokenCalls());
    if (missing.length > 0) throw new Error(`not in the map:\n${missing.join('\n')}`);
    return true;
  }, MAX_WAIT_MS);
  expect(isThere).toBe(true);
  const plain = inNode('node-1', ['curl', '-sS', '-m', '3', `http://${await serviceAddress()}:9090/query`]);
  await expect(plain).rejects.toThrow(/Failed to connect/);
  expect(await authorities()).toBe(1);
});

test('its authority is renewed: announced, then used, while reports go on', async () => {
  const first = await servedBy();
  await age({ authorityDays: 300 });
  // The new authority is made known, and does not sign yet.
  await eventually(async () => ((await authorities()) === 2 ? true : undefined), SETTLE_MS);
  const second = await servedBy();
  expect(second.authority).toBe(first.authority);
  await age({ newestMadeHoursAgo: 2 });
  const third = await eventually(async () => {
    const found = await servedBy();
    return found.authority === first.authority ? undefined : found;
  }, SETTLE_MS);
  expect(third.serial).not.toBe(second.serial);
  expect(await miscounted()).toEqual([]);
});

test('its pod is replaced, and its keys with it: sniffers keep their reports until they know the new authority', async () => {
  const before = await servedBy();
  await release.close();
  await kubectl(['-n', NAMESPACE, 'delete', 'pod', '-l', 'app.kubernetes.io/component=mapper']);
  await kubectl(['-n', NAMESPACE, 'rollout', 'status', 'deployment/network-mapper-mapper', '--timeout=90s']);
  expect((await servedBy()).authority).not.toBe(before.authority);
  expect(await miscounted()).toEqual([]);
  expect(await lossesOfSniffers(METRICS_PORT)).toEqual([]);
});

test('one in a Secret takes its place, and is exchanged with its authority: nothing is restarted for it, nothing lost', async () => {
  await writeSecret();
  await release.close();
  await release.upgrade(['tls.mode=secret', 'tls.secretName=map-tls']);
  expect(await release.advances('shop/front -> shop/cart')).toBe(true);
  // What the sniffers before had not sent when the mapper changed to another authority went with them.
  const since = await look();
  const lost = await lossesOfSniffers(METRICS_PORT);
  const before = await servedBy();
  await writeSecret();
  await eventually(async () => ((await servedBy()).authority === before.authority ? undefined : true), SETTLE_MS);
  expect(await miscounted(since)).toEqual([]);
  expect(await lossesOfSniffers(METRICS_PORT)).toEqual(lost);
  const restarts = await kubectl(['-n', NAMESPACE, 'get', 'pods', '-o', 'jsonpath={.items[*].status.containerStatuses[*].restartCount}']);
  expect(restarts).toMatch(/^[0 ]+$/);
});

/** As cert-manager writes it; another authority each time. */
async function writeSecret(): Promise<void> {
  const clock = { now: () => Date.now() };
  const authority = await createAuthorityKeyPair(clock, 'trial');
  const made = await signServerCertificate(authority, [HOST], clock, DAY_MS);
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name: 'map-tls', namespace: NAMESPACE },
    stringData: { 'tls.crt': made.cert, 'tls.key': made.key, 'ca.crt': authority.cert },
  };
  await kubectl(['apply', '-f', '-'], JSON.stringify(secret));
}

/** Also what an earlier, broken run left. */
async function removeAll(): Promise<void> {
  await release.remove();
  await kubectl(['delete', 'namespace', NAMESPACE, 'shop', 'staging', '--ignore-not-found', '--timeout=90s']);
  await removeLocalVolume();
}

async function serviceAddress(): Promise<string> {
  return (await kubectl(['-n', NAMESPACE, 'get', 'service', 'otterize-network-mapper', '-o', 'jsonpath={.spec.clusterIP}'])).trim();
}

/** What a client of the Service is shown. */
async function servedBy(): Promise<{ readonly serial: string; readonly authority: string }> {
  const script = `openssl s_client -connect ${await serviceAddress()}:9443 -servername ${HOST} </dev/null 2>/dev/null | openssl x509 -noout -serial -issuer -ext authorityKeyIdentifier`;
  const [serial = '', , , authority = ''] = (await eventually(() => inNode('node-1', ['sh', '-c', script]), 30_000)).split('\n');
  return { serial, authority: authority.trim() };
}

/** Authorities that reporters are told of. */
async function authorities(): Promise<number> {
  const text = await kubectl(['-n', NAMESPACE, 'get', 'configmap', 'network-mapper-ca', '-o', 'jsonpath={.data.ca\\.crt}']);
  return text.split('BEGIN CERTIFICATE').length - 1;
}

/** Lets time pass for the mapper's authorities: their file is changed and the mapper's process started again in its pod. */
async function age(change: { readonly authorityDays?: number; readonly newestMadeHoursAgo?: number }): Promise<void> {
  const { authorityDays = 0, newestMadeHoursAgo = 0 } = change;
  const program = `
    const { readFileSync, writeFileSync } = require('node:fs');
    const file = '/var/run/network-mapper/tls/authorities.json';
    const all = JSON.parse(readFileSync(file, 'utf8'));
    for (const one of all) for (const time of ['madeAt', 'endsAt']) one[time] -= ${authorityDays} * 86_400_000;
    all.at(-1).madeAt -= ${newestMadeHoursAgo} * 3_600_000;
    writeFileSync(file, JSON.stringify(all));
    process.kill(1, 'SIGTERM');`;
  const restarts = async (): Promise<number> =>
    Number(await kubectl(['-n', NAMESPACE, 'get', 'pods', '-l', 'app.kubernetes.io/component=mapper', '-o', RESTARTS]));
  const before = await restarts();
  await kubectl(['-n', NAMESPACE, 'exec', 'deployment/network-mapper-mapper', '--', 'node', '-e', program]);
  await eventually(async () => ((await restarts()) > before ? true : undefined), 60_000);
  await kubectl(['-n', NAMESPACE, 'rollout', 'status', 'deployment/network-mapper-mapper', '--timeout=90s']);
}

interface Look {
  /** Connections that were made, and those that were counted, by call. */
  readonly said: ReadonlyMap<string, number>;
  readonly counted: ReadonlyMap<string, number>;
}

async function look(): Promise<Look> {
  const edges = await release.edges();
  const calls = await spokenCalls(Date.now() - 5_000);
  return {
    said: new Map([...calls.values()].map(({ line, connects }) => [line, connects])),
    counted: new Map(edges.map((edge) => [edgeKey(edge), edge.evidence['tcp']?.count ?? 0])),
  };
}

/** Calls that are counted wrong; asked until there are none, because sniffers may have to wait for an authority. */
async function miscounted(since?: Look): Promise<readonly unknown[]> {
  let wrong: readonly unknown[] = [];
  const isRight = async (): Promise<true | undefined> => {
    const { said, counted } = await look();
    const gained = (all: ReadonlyMap<string, number>, before: ReadonlyMap<string, number> | undefined, line: string): number =>
      (all.get(line) ?? 0) - (before?.get(line) ?? 0);
    wrong = [...said.keys()]
      .map((line) => ({ line, said: gained(said, since?.said, line), counted: gained(counted, since?.counted, line) }))
      .filter(isMiscounted);
    return wrong.length === 0 ? true : undefined;
  };
  await eventually(isRight, SETTLE_MS).catch(() => undefined);
  return wrong;
}
