import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@nm/core';
import { createHttpListener } from '@nm/runtime';
import { createAuthorityKeyPair, signServerCertificate } from '@nm/runtime/certificates';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPost } from './http-post.ts';

const clock = { now: () => Date.now() };
const DAY_MS = 86_400_000;
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nm-post-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('an authority that is renewed is trusted without a restart, and a file that is missing yet is waited for', async () => {
  const [file, caFile] = [join(folder, 'tls.pem'), join(folder, 'ca.crt')];
  const [old, renewed] = await Promise.all(['old', 'renewed'].map((name) => createAuthorityKeyPair(clock, name, DAY_MS)));
  if (old === undefined || renewed === undefined) throw new Error('no authorities');
  const signBy = async (authority: typeof old): Promise<void> => {
    const { cert, key } = await signServerCertificate(authority, ['localhost'], clock, DAY_MS);
    await writeFile(file, `${cert}\n${authority.cert}\n${key}\n`);
  };
  await signBy(old);
  const listener = createHttpListener(
    { handler: (_, response) => response.end('ok'), log: silentLogger },
    { name: 'queries', listen: { host: '127.0.0.1', port: 0 }, tls: { certFile: file, keyFile: file, reloadMs: 10 } },
  );
  await listener.start();
  const { post, close } = await createPost({
    url: `https://localhost:${listener.address().port}/query`,
    timeoutMs: 5_000,
    connectTimeoutMs: 5_000,
    caFile,
  });
  const status = (): Promise<number | string> =>
    post(new Uint8Array(), AbortSignal.timeout(5_000)).then(
      (answer) => answer.status,
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    );
  try {
    expect(await status()).toBe('ENOENT');
    await writeFile(caFile, old.cert);
    expect(await status()).toBe(200);
    await signBy(renewed);
    await writeFile(caFile, renewed.cert);
    await expect.poll(status).toBe(200);
    await writeFile(caFile, old.cert);
    expect(await status()).toBe('SELF_SIGNED_CERT_IN_CHAIN');
  } finally {
    close();
    await listener.stop();
  }
});

test('a server that lets nobody in is given up before its answer would be', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const { post, close } = await createPost({ url: `https://127.0.0.1:${port}/query`, timeoutMs: 600_000, connectTimeoutMs: 20 });
  await expect(post(new Uint8Array(), new AbortController().signal)).rejects.toThrow('no connection within 20 ms');
  close();
  silent.close();
});
