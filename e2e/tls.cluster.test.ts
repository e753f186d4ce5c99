import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthorityKeyPair, signServerCertificate } from '@nm/runtime/certificates';
import { shopManifests } from './shop/manifests.ts';
import { eventually, inNode, kubectl } from './support/cluster.ts';
import { LOCAL_VOLUME_VALUES, createLocalVolume, removeLocalVolume } from './support/local-volume.ts';
import { createRelease, lossesOfSniffers } from './support/release.ts';
import type { Release } from './support/release.ts';
import { miscountedCalls, missingCalls, spokenCalls } from './support/shop-truth.ts';

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

describe('a certificate that the mapper makes', () => {
  const release = createRelease('tls-mapper', NAMESPACE, [...VALUES, 'tls.mode=mapper']);
  beforeAll(() => install(release), 300_000);
  afterAll(() => removeAll(release), 300_000);

  test('reports arrive over TLS alone, and the map is whole', async () => {
    expect(await whole(release)).toBe(true);
    await expect(inNode('node-1', ['curl', '-sS', '-m', '3', `http://${await serviceAddress()}:9090/query`])).rejects.toThrow(
      /Failed to connect/,
    );
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
    await isCounted(release);
  });

  test('its pod is replaced, and its keys with it: sniffers keep their reports until they know the new authority', async () => {
    const before = await servedBy();
    await release.close();
    await kubectl(['-n', NAMESPACE, 'delete', 'pod', '-l', 'app.kubernetes.io/component=mapper']);
    await kubectl(['-n', NAMESPACE, 'rollout', 'status', 'deployment/network-mapper-mapper', '--timeout=90s']);
    expect((await servedBy()).authority).not.toBe(before.authority);
    expect(await whole(release)).toBe(true);
    await isCounted(release);
    expect(await lossesOfSniffers(METRICS_PORT)).toEqual([]);
  });
});

describe('a certificate in a Secret', () => {
  const release = createRelease('tls-secret', NAMESPACE, [...VALUES, 'tls.mode=secret', 'tls.secretName=map-tls']);
  beforeAll(() => install(release), 300_000);
  afterAll(() => removeAll(release), 300_000);

  test('reports arrive, and the map is whole', async () => {
    expect(await whole(release)).toBe(true);
  });

  test('certificate and authority are exchanged at once: nothing is restarted, nothing lost', async () => {
    const before = await servedBy();
    await writeSecret();
    await eventually(async () => ((await servedBy()).authority === before.authority ? undefined : true), SETTLE_MS);
    await isCounted(release);
    expect(await lossesOfSniffers(METRICS_PORT)).toEqual([]);
    const restarts = await kubectl(['-n', NAMESPACE, 'get', 'pods', '-o', 'jsonpath={.items[*].status.containerStatuses[*].restartCount}']);
    expect(restarts).toMatch(/^[0 ]+$/);
  });
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

async function install(release: Release): Promise<void> {
  await removeAll(release);
  await createLocalVolume();
  await kubectl(['create', 'namespace', NAMESPACE]);
  await writeSecret();
  await release.install();
  await kubectl(['apply', '-f', '-'], JSON.stringify(shopManifests('shop:e2e')));
  await kubectl(['-n', 'shop', 'wait', '--for=condition=Available', 'deployment', '--all', '--timeout=120s']);
}

/** Also what an earlier, broken run left. */
async function removeAll(release: Release): Promise<void> {
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

async function whole(release: Release): Promise<boolean> {
  const startedAt = Date.now();
  const isThere = await eventually(async () => {
    const missing = missingCalls(await release.edges(), await spokenCalls());
    if (missing.length > 0) throw new Error(`not in the map:\n${missing.join('\n')}`);
    return true;
  }, SETTLE_MS);
  process.stdout.write(`whole after ${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`);
  return isThere;
}

async function isCounted(release: Release): Promise<void> {
  const wrong = async (): Promise<unknown[]> => miscountedCalls(await release.edges(), await spokenCalls(Date.now() - 5_000));
  const isRight = await eventually(async () => ((await wrong()).length === 0 ? true : undefined), SETTLE_MS).catch(() => false);
  expect(isRight ? [] : await wrong()).toEqual([]);
}
