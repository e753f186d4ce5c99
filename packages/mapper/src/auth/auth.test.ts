import { silentLogger } from '@nm/core';
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { createMapperMetrics } from '../mapper-metrics.ts';
import { requireNode, requirePermission } from './identity.ts';
import type { Credentials, Permission } from './identity.ts';
import { createKubernetesAuthenticator } from './kubernetes-authenticator.ts';
import type { KubernetesAuthOptions, TokenReviewStatus } from './kubernetes-authenticator.ts';
import { TokenCache } from './token-cache.ts';

const OPTIONS: KubernetesAuthOptions = {
  audience: 'network-mapper',
  namespace: 'nm',
  sniffers: ['sniffer'],
  watchers: ['watcher'],
  readers: ['reader'],
  admins: ['admin'],
  loopback: true,
  loopbackReset: true,
  compatibleReports: false,
};

function account(name: string, extra: Record<string, string[]> = {}): TokenReviewStatus {
  return { authenticated: true, audiences: ['network-mapper'], user: { username: `system:serviceaccount:${name}`, extra } };
}

const ON_NODE = { 'authentication.kubernetes.io/node-name': ['node-1'] };

const TOKENS: Readonly<Record<string, TokenReviewStatus>> = {
  reader: account('nm:reader'),
  admin: account('nm:admin'),
  sniffer: account('nm:sniffer', ON_NODE),
  watcher: account('nm:watcher', ON_NODE),
  'sniffer-by-pod': account('nm:sniffer', { 'authentication.kubernetes.io/pod-uid': ['pod-1'] }),
  'sniffer-unbound': account('nm:sniffer'),
  'other-namespace': account('shop:admin'),
  'other-audience': { ...account('nm:admin'), audiences: ['https://kubernetes.default'] },
  'no-audience': { authenticated: true, user: { username: 'system:serviceaccount:nm:admin' } },
  user: { authenticated: true, audiences: ['network-mapper'], user: { username: 'alice' } },
};

function setUp(options: Partial<KubernetesAuthOptions> = {}, behaviour: { sidecar?: boolean; fail?: boolean } = {}) {
  const asked: string[] = [];
  let now = 0;
  const authenticator = createKubernetesAuthenticator(
    {
      reviewToken: (token) => {
        asked.push(token);
        return behaviour.fail === true ? Promise.reject(new Error('down')) : Promise.resolve(TOKENS[token] ?? { authenticated: false });
      },
      clock: { now: () => now },
      log: silentLogger,
      metrics: createMapperMetrics(new Registry()),
      nodeOfPod: (uid) => (uid === 'pod-1' ? 'node-2' : undefined),
      hasMeshSidecar: () => behaviour.sidecar === true,
    },
    { ...OPTIONS, ...options },
  );
  const ask = (credentials: Partial<Credentials>) =>
    authenticator.authenticate({ remoteAddress: '10.0.0.9', authorization: undefined, isForwarded: false, ...credentials });
  return { ask, asked, advance: (ms: number) => (now += ms) };
}

describe('rights by token', () => {
  const rows: readonly [string, Permission[], string | null | undefined][] = [
    ['reader', ['read'], undefined],
    ['admin', ['read', 'reset'], undefined],
    ['sniffer', ['report'], 'node-1'],
    ['watcher', ['report'], null],
    ['sniffer-by-pod', ['report'], 'node-2'],
    ['sniffer-unbound', ['report'], ''],
    ['other-namespace', [], undefined],
    ['user', [], undefined],
  ];
  test.each(rows)('%s may %s', async (token, permissions, node) => {
    const identity = await setUp().ask({ authorization: `Bearer ${token}` });
    expect([[...identity.permissions], identity.node]).toEqual([permissions, node]);
  });

  test.each(['sniffer', 'watcher'])("a %s speaks the old tool's mutations only where everybody may", async (token) => {
    const { permissions } = await setUp({ compatibleReports: true }).ask({ authorization: `Bearer ${token}` });
    expect([...permissions]).toEqual(['report', 'compatibleReport']);
  });

  test.each(['unknown', 'other-audience', 'no-audience'])('%s is refused', async (token) => {
    await expect(setUp().ask({ authorization: `Bearer ${token}` })).rejects.toMatchObject({ code: 'AUTH_INVALID' });
  });

  test.each(['Basic YTpi', 'Bearer', 'Bearer a b', `Bearer ${'x'.repeat(20_000)}`])(
    'a header that is no bearer token is refused (%.12s)',
    async (authorization) => {
      const { ask, asked } = setUp();
      await expect(ask({ authorization })).rejects.toMatchObject({ code: 'AUTH_INVALID' });
      expect(asked).toEqual([]);
    },
  );

  test('an API server that does not answer is no refusal', async () => {
    const { ask, asked } = setUp({}, { fail: true });
    await expect(ask({ authorization: 'Bearer reader' })).rejects.toMatchObject({ code: 'AUTH_UNAVAILABLE' });
    await expect(ask({ authorization: 'Bearer reader' })).rejects.toMatchObject({ code: 'AUTH_UNAVAILABLE' });
    expect(asked.length).toBe(2);
  });

  test('a token is asked about once a minute, however many ask at once', async () => {
    const { ask, asked, advance } = setUp();
    await Promise.all([ask({ authorization: 'Bearer reader' }), ask({ authorization: 'Bearer reader' })]);
    advance(59_000);
    await ask({ authorization: 'Bearer reader' });
    expect(asked.length).toBe(1);
    advance(2_000);
    await ask({ authorization: 'Bearer reader' });
    expect(asked.length).toBe(2);
  });
});

describe('many tokens that nobody knows', () => {
  test('drive no accepted one out', async () => {
    const { ask, asked } = setUp();
    await ask({ authorization: 'Bearer reader' });
    for (let i = 0; i < 10_050; i++) await ask({ authorization: `Bearer guess-${i}` }).catch(() => undefined);
    await ask({ authorization: 'Bearer reader' });
    expect(asked.filter((token) => token === 'reader').length).toBe(1);
  });

  test('are asked about a few at a time, each in its turn', async () => {
    const answers: (() => void)[] = [];
    let asked = 0;
    const cache = new TokenCache<string>({ clock: { now: () => 0 } }, { maxEntries: 10, acceptedMs: 1, refusedMs: 1, maxLooks: 3 });
    const look = (fails: boolean): Promise<string> => {
      asked += 1;
      return new Promise((resolve, reject) => answers.push(() => (fails ? reject(new Error('down')) : resolve('known'))));
    };
    const all = Array.from({ length: 8 }, (_, i) => cache.get(`token-${i}`, () => look(i % 2 === 0)).catch(() => undefined));
    expect(asked).toBe(3);
    for (let done = 0; done < 8; done++) {
      answers.shift()?.();
      await all[done];
      expect(asked).toBe(Math.min(8, done + 4));
    }
  });
});

describe('without a token', () => {
  const rows: readonly [string, string, Partial<KubernetesAuthOptions>, { sidecar?: boolean; forwarded?: boolean }, Permission[]][] = [
    ['loopback', '127.0.0.1', {}, {}, ['read', 'reset']],
    ['IPv6 loopback', '::1', {}, {}, ['read', 'reset']],
    ['mapped loopback', '::ffff:127.0.0.1', {}, {}, ['read', 'reset']],
    ['another address of 127/8', '127.0.0.2', {}, {}, []],
    ['a pod', '10.0.0.9', {}, {}, []],
    ['loopback, reset off', '127.0.0.1', { loopbackReset: false }, {}, ['read']],
    ['loopback off', '127.0.0.1', { loopback: false }, {}, []],
    ['loopback behind a mesh sidecar', '127.0.0.1', {}, { sidecar: true }, []],
    ['loopback behind a proxy', '127.0.0.1', {}, { forwarded: true }, []],
    ['an existing sniffer, allowed', '10.0.0.9', { compatibleReports: true }, {}, ['compatibleReport']],
  ];
  test.each(rows)('%s', async (_, remoteAddress, options, behaviour, permissions) => {
    const identity = await setUp(options, behaviour).ask({ remoteAddress, isForwarded: behaviour.forwarded === true });
    expect([...identity.permissions]).toEqual(permissions);
  });
});

describe('what is required', () => {
  test('a missing token and a missing right are told apart', () => {
    expect(() => requirePermission({ name: 'anonymous', permissions: new Set() }, 'read')).toThrow(
      expect.objectContaining({ code: 'AUTH_MISSING' }),
    );
    expect(() => requirePermission({ name: 'x', permissions: new Set(['read']) }, 'reset')).toThrow(
      expect.objectContaining({ code: 'AUTH_FORBIDDEN' }),
    );
  });

  test('a watcher reports for no node', () => {
    const identity = { name: 'watcher', permissions: new Set<Permission>(['report']), node: null };
    expect(() => requireNode(identity, undefined)).not.toThrow();
    expect(() => requireNode(identity, 'node-1')).toThrow(expect.objectContaining({ code: 'AUTH_FORBIDDEN' }));
  });

  test('a sniffer reports for its own node alone', () => {
    const identity = { name: 'sniffer', permissions: new Set<Permission>(['report']), node: 'node-1' };
    expect(() => requireNode(identity, 'node-1')).not.toThrow();
    expect(() => requireNode(identity, 'node-2')).toThrow(expect.objectContaining({ code: 'AUTH_FORBIDDEN' }));
    expect(() => requireNode(identity, undefined)).toThrow(expect.objectContaining({ code: 'AUTH_FORBIDDEN' }));
  });
});
