import { lstat, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@nm/core';
import { createKubeClient } from '@nm/kube';
import { createFakeApiServer } from '@nm/kube/testing';
import type { FakeApiServer } from '@nm/kube/testing';
import { createHttpListener } from '@nm/runtime';
import type { HttpListener } from '@nm/runtime';
import { createAuthorityKeyPair } from '@nm/runtime/certificates';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endOf, mergeBundle } from './ca-bundle.ts';
import { createCertificateKeeper } from './certificate-keeper.ts';
import type { CertificateKeeper } from './certificate-keeper.ts';
import { editConfigMap } from './config-map.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
/** TLS compares with the machine's own clock, so time passes in the past here. */
const NOW = Date.now();

let folder = '';
let bundle = '';
const clock = { at: NOW, now: () => clock.at };
const started: { stop(): Promise<void> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nm-tls-'));
  bundle = '';
  clock.at = NOW;
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((each) => each.stop()));
  await rm(folder, { recursive: true, force: true });
});

async function start(at: number): Promise<CertificateKeeper> {
  clock.at = at;
  const publish = async (merge: (text: string) => string): Promise<void> => {
    bundle = merge(bundle);
  };
  const keeper = createCertificateKeeper(
    { clock, log: silentLogger, publish },
    { folder, names: ['localhost', 'mapper.nm.svc'], intervalMs: DAY },
  );
  await keeper.start();
  started.push(keeper);
  return keeper;
}

async function listen(file: string): Promise<HttpListener> {
  const listener = createHttpListener(
    { handler: (_, response) => response.end('served'), log: silentLogger },
    { name: 'queries', listen: { host: '127.0.0.1', port: 0 }, tls: { certFile: file, keyFile: file, reloadMs: 10 } },
  );
  await listener.start();
  started.push(listener);
  return listener;
}

interface Handshake {
  readonly serial: string;
  readonly names: string | undefined;
}

/** A real handshake by somebody who trusts just these authorities. */
function handshake(listener: HttpListener, ca: string): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    const { port } = listener.address();
    const sent = request({ host: '127.0.0.1', port, servername: 'mapper.nm.svc', ca, agent: false }, (response) => {
      const { serialNumber, subjectaltname } = (response.socket as TLSSocket).getPeerCertificate();
      response.resume().on('end', () => resolve({ serial: serialNumber, names: subjectaltname }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('a certificate of the mapper’s own', () => {
  test('is served to who trusts the published authority, and to nobody else', async () => {
    const keeper = await start(NOW);
    const listener = await listen(keeper.file);
    await expect(handshake(listener, bundle)).resolves.toMatchObject({ names: 'DNS:localhost, DNS:mapper.nm.svc' });
    expect(await readFile(join(folder, 'ca.crt'), 'utf8')).toBe(bundle);
    const foreign = await createAuthorityKeyPair(clock, 'foreign');
    await expect(handshake(listener, foreign.cert)).rejects.toThrow(/certificate/);
    expect((await stat(keeper.file)).mode & 0o077).toBe(0);
  });

  test('is written for the owner alone, whatever lies in its place', async () => {
    const elsewhere = join(folder, 'elsewhere');
    await writeFile(elsewhere, '', { mode: 0o666 });
    await symlink(elsewhere, join(folder, 'tls.pem.partial'));
    await writeFile(join(folder, 'authorities.json.partial'), '', { mode: 0o666 });
    await start(NOW);
    expect(await readFile(elsewhere, 'utf8')).toBe('');
    for (const name of ['tls.pem', 'authorities.json']) expect((await lstat(join(folder, name))).mode & 0o170077).toBe(0o100000);
  });

  test('is renewed before its end, without a restart, under the same authority', async () => {
    const keeper = await start(NOW - 25 * DAY);
    const known = bundle;
    const listener = await listen(keeper.file);
    const before = await handshake(listener, known);
    clock.at = NOW;
    await keeper.look();
    await expect.poll(async () => (await handshake(listener, known)).serial).not.toBe(before.serial);
    expect(bundle).toBe(known);
  });

  test('is not renewed before it is time', async () => {
    const keeper = await start(NOW - 5 * DAY);
    const before = await readFile(keeper.file, 'utf8');
    clock.at = NOW;
    await keeper.look();
    expect(await readFile(keeper.file, 'utf8')).toBe(before);
  });

  test('a new authority is announced first, and signs when reporters know it', async () => {
    const keeper = await start(NOW - 250 * DAY);
    const old = bundle;
    clock.at = NOW - 2 * HOUR;
    await keeper.look();
    const both = bundle;
    expect(both).toContain(old.trim());
    expect(both.match(/BEGIN/g)).toHaveLength(2);
    const listener = await listen(keeper.file);
    const before = await handshake(listener, old);
    clock.at = NOW;
    await keeper.look();
    await expect.poll(async () => (await handshake(listener, both)).serial).not.toBe(before.serial);
    await expect(handshake(listener, old)).rejects.toThrow(/certificate/);
  });

  test('outlives a restart', async () => {
    await start(NOW);
    const known = bundle;
    await start(NOW + HOUR);
    expect(bundle).toBe(known);
  });

  test('a folder that is not ours stops the start, and says so', async () => {
    await writeFile(join(folder, 'authorities.json'), '[{"cert":1}]');
    await expect(start(NOW)).rejects.toMatchObject({
      code: 'certificate_folder',
      message: expect.stringContaining('authorities.json') as string,
    });
  });
});

describe('the bundle that reporters read', () => {
  test('keeps other replicas’ authorities, each once, and drops what ended and what is none', async () => {
    const [own, other] = [await createAuthorityKeyPair(clock, 'own', 2 * DAY), await createAuthorityKeyPair(clock, 'other', 3 * DAY)];
    const ended = await createAuthorityKeyPair({ now: () => NOW - 10 * DAY }, 'ended', DAY);
    const merged = mergeBundle(`rubbish\n${ended.cert}\n${other.cert}\n${own.cert}`, [own.cert], NOW);
    expect(merged).toBe(`${other.cert.trim()}\n${own.cert.trim()}\n`);
    expect(mergeBundle(merged, [own.cert], NOW)).toBe(merged);
  });

  test('is bounded', async () => {
    const many = await Promise.all(Array.from({ length: 25 }, (_, index) => createAuthorityKeyPair(clock, `a${index}`, (index + 1) * DAY)));
    const merged = mergeBundle(
      '',
      many.map(({ cert }) => cert),
      NOW,
    );
    expect(merged.match(/BEGIN/g)).toHaveLength(20);
    expect(endOf(merged)).toBeGreaterThan(NOW + 24 * DAY);
  });
});

describe('the ConfigMap', () => {
  let server: FakeApiServer;
  beforeEach(async () => {
    server = await createFakeApiServer();
    server.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'ca', namespace: 'nm' }, data: { other: 'stays' } });
  });
  afterEach(() => server.close());
  const where = { namespace: 'nm', name: 'ca', key: 'ca.crt' };

  test('gets the text, and keeps what else is in it; the same text is not written again', async () => {
    const client = createKubeClient({ baseUrl: server.url, namespace: 'nm', options: async () => ({}) });
    await editConfigMap(client, where, (text) => `${text}one`);
    await editConfigMap(client, where, (text) => text);
    expect(await client.request('/api/v1/namespaces/nm/configmaps/ca', { signal: AbortSignal.timeout(5_000) })).toMatchObject({
      data: { other: 'stays', 'ca.crt': 'one' },
    });
    expect(server.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1);
    client.close();
  });

  test('that somebody else changed meanwhile is left alone', async () => {
    const client = createKubeClient({ baseUrl: server.url, namespace: 'nm', options: async () => ({}) });
    const edit = editConfigMap(client, where, () => {
      server.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'ca', namespace: 'nm' }, data: { 'ca.crt': 'theirs' } });
      return 'ours';
    });
    await expect(edit).rejects.toThrow(/modified/);
    client.close();
  });
});
