/** Measures what the AWS proxy carries on one connection, and what it adds to a request. Usage: node bench/aws-proxy.ts */
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { silentLogger } from '../packages/core/src/index.ts';
import { createMetrics } from '../packages/runtime/src/index.ts';
import { toAwsCall } from '../packages/aws/src/index.ts';
import { AWS_METRICS } from '../packages/aws/src/report/aws-metrics.ts';
import { AWS_PROXY_DEFAULTS, createAwsProxy } from '../packages/aws/src/proxy/aws-proxy.ts';
import {
  createAuthorityKeyPair,
  createCertificateAuthority,
  signServerCertificate,
} from '../packages/aws/src/proxy/certificate-authority.ts';

const HOST = 'b.s3.us-east-1.amazonaws.com';
const BYTES = 512 * 1024 * 1024;
const REQUESTS = 2_000;
const clock = { now: () => Date.now() };
const authority = await createAuthorityKeyPair(clock, 'bench');
const pair = await signServerCertificate(authority, [HOST], clock, 3_600_000);
const upstream = createServer(pair, (incoming, response) => {
  incoming.resume();
  incoming.on('end', () => response.end('ok'));
});
upstream.listen(0, '127.0.0.1');
await once(upstream, 'listening');
const port = (upstream.address() as AddressInfo).port;
let calls = 0;
const proxy = createAwsProxy(
  {
    authority: createCertificateAuthority({ clock }, { authority, maxHosts: 10 }),
    clock,
    log: silentLogger,
    metrics: createMetrics(AWS_METRICS, new Registry()),
    onRequest: (seen) => (calls += toAwsCall(seen) === undefined ? 0 : 1),
  },
  {
    ...AWS_PROXY_DEFAULTS,
    httpsListen: { host: '127.0.0.1', port: 0 },
    httpListen: { host: '127.0.0.1', port: 0 },
    upstream: () => ({ host: '127.0.0.1', port, ca: authority.cert }),
  },
);
await proxy.start();

async function small(to: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  for (let index = 0; index < REQUESTS; index += 1) {
    const at = performance.now();
    const sent = request({
      host: '127.0.0.1',
      port: to,
      servername: HOST,
      ca: authority.cert,
      agent,
      path: `/k${index}`,
      headers: { host: HOST },
    });
    sent.end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
    times.push(performance.now() - at);
  }
  agent.destroy();
  return times.toSorted((a, b) => a - b)[REQUESTS / 2] ?? 0;
}

async function large(to: number): Promise<number> {
  const chunk = Buffer.alloc(1024 * 1024);
  const sent = request({
    host: '127.0.0.1',
    port: to,
    servername: HOST,
    ca: authority.cert,
    method: 'PUT',
    path: '/big',
    headers: { host: HOST, 'content-length': BYTES },
  });
  const at = performance.now();
  for (let left = BYTES; left > 0; left -= chunk.length) if (!sent.write(chunk)) await once(sent, 'drain');
  sent.end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  return BYTES / 1e6 / ((performance.now() - at) / 1000);
}

const direct = await small(port);
const through = await small(proxy.httpsPort());
console.log(
  `median request: direct ${direct.toFixed(3)} ms, through the proxy ${through.toFixed(3)} ms, added ${(through - direct).toFixed(3)} ms (client, proxy and server in one process)`,
);
const cpu = process.cpuUsage();
const rate = await large(proxy.httpsPort());
const used = process.cpuUsage(cpu);
console.log(
  `upload: direct ${(await large(port)).toFixed(0)} MB/s, through the proxy ${rate.toFixed(0)} MB/s, CPU ${((used.user + used.system) / 1000).toFixed(0)} ms (all three ends)`,
);
console.log(`requests read: ${calls}; memory ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`);
await proxy.stop();
upstream.closeAllConnections();
upstream.close();
