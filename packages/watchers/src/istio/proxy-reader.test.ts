import { createServer as createPlainServer } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createFakeApiServer } from '@nm/kube/testing';
import { createKubeClient, execInPod } from '@nm/kube';
import { createAuthorityKeyPair, signServerCertificate } from '@nm/runtime/certificates';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toWatchedPod } from '../kube/watched-pod.ts';
import { createExecSource } from './exec-source.ts';
import { createNetworkSource } from './network-source.ts';
import { toProxy } from './proxy-pods.ts';
import type { Proxy } from './proxy-pods.ts';
import { createProxyReader, STATISTICS_PATH } from './proxy-reader.ts';
import type { ProxySource } from './proxy-reader.ts';

const TEXT = 'istio_requests_total{reporter="source"} 1\n';

function proxyOf(port: number, labels: Record<string, string> = { 'security.istio.io/tlsMode': 'istio' }): Proxy {
  const pod = toWatchedPod({
    metadata: { name: 'web-0', namespace: 'shop', uid: 'u', labels },
    spec: { containers: [{ name: 'web' }], initContainers: [{ name: 'istio-proxy', restartPolicy: 'Always' }] },
    status: { phase: 'Running', podIP: '127.0.0.1', initContainerStatuses: [{ name: 'istio-proxy', state: { running: {} } }] },
  });
  const proxy = pod === undefined ? undefined : toProxy(pod);
  if (proxy === undefined) throw new Error('no proxy');
  return { ...proxy, ports: [port] };
}

async function read(source: ProxySource, proxy: Proxy): Promise<string> {
  const reader = createProxyReader(source, { timeoutMs: 5_000, maxBytes: 1e6 });
  const chunks: Uint8Array[] = [];
  try {
    await reader.read(proxy, (chunk) => chunks.push(Buffer.from(chunk)));
  } finally {
    reader.close();
  }
  return Buffer.concat(chunks).toString('utf8');
}

it('a packed answer that unpacks to nothing has an end', async () => {
  const head = Buffer.from('1f8b0800000000000003', 'hex');
  // Stored blocks without a byte (RFC 1951 section 3.2.4).
  const nothing = Buffer.alloc(5 * 200_000, Buffer.from('000000ffff', 'hex'));
  const server = createPlainServer((_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).write(head);
    for (let sent = 0; sent < 20; sent += 1) response.write(nothing);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const proxy = proxyOf((server.address() as AddressInfo).port);
    await expect(read(createNetworkSource(), proxy)).rejects.toMatchObject({ code: 'proxy-answer-too-large' });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

describe('statistics by TLS', () => {
  let server: Server;
  let proxy: Proxy;
  let ca: string;

  beforeAll(async () => {
    const clock = { now: Date.now };
    const authority = await createAuthorityKeyPair(clock, 'cluster.local');
    ca = authority.cert;
    // As in a mesh the certificate names the workload, not the address that is asked.
    const pair = await signServerCertificate(authority, ['web.shop.cluster.local'], clock, 3_600_000);
    server = createServer(pair, (_, response) => response.end(TEXT));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    proxy = proxyOf((server.address() as AddressInfo).port);
  });
  afterAll(() => void server.close());

  it('with the authority that signed it', async () => {
    expect(await read(createNetworkSource({ ca }), proxy)).toBe(TEXT);
  });
  it('with anybody’s certificate', async () => {
    expect(await read(createNetworkSource({ insecure: true }), proxy)).toBe(TEXT);
  });
  it.each([
    ['the authority is not known', {}],
    ['TLS was not asked for', undefined],
  ])('not when %s', async (_, tls) => {
    await expect(read(createNetworkSource(tls), proxy)).rejects.toMatchObject({ code: 'proxy-unreachable' });
  });
});

describe('statistics by a command in the container', () => {
  it('asks the agent of a native sidecar, and ztunnel over the network', async () => {
    const server = await createFakeApiServer();
    const client = createKubeClient({ baseUrl: server.url, namespace: 'default', options: () => Promise.resolve({}) });
    const commands: unknown[] = [];
    server.onExec((target) => {
      commands.push(target);
      return { stdout: [Buffer.from(TEXT)], status: { status: 'Success' } };
    });
    const network: ProxySource = {
      read: (proxy, onChunk) => Promise.resolve(onChunk(Buffer.from(proxy.kind))),
      close: () => undefined,
    };
    const source = createExecSource((target, signal) => execInPod(client, target, { signal }), network);
    expect(await read(source, proxyOf(1))).toBe(TEXT);
    expect(await read(source, proxyOf(1, { app: 'ztunnel' }))).toBe('ztunnel');
    expect(commands).toEqual([
      { namespace: 'shop', pod: 'web-0', container: 'istio-proxy', command: ['pilot-agent', 'request', 'GET', STATISTICS_PATH.slice(1)] },
    ]);
    client.close();
    await server.close();
  });
});
