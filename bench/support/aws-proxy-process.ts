/** The AWS proxy alone in a process, driven by messages: so that its CPU time is its own. */
import { Registry } from 'prom-client';
import { silentLogger } from '../../packages/core/src/index.ts';
import { createMetrics } from '../../packages/runtime/src/index.ts';
import { toAwsCall } from '../../packages/aws/src/index.ts';
import { AWS_METRICS } from '../../packages/aws/src/report/aws-metrics.ts';
import { AWS_PROXY_DEFAULTS, createAwsProxy } from '../../packages/aws/src/proxy/aws-proxy.ts';
import type { AwsProxy } from '../../packages/aws/src/proxy/aws-proxy.ts';
import { createCertificateAuthority } from '../../packages/aws/src/proxy/certificate-authority.ts';
import type { KeyPair } from '../../packages/runtime/src/certificates/index.ts';

export type Order =
  | { readonly kind: 'start'; readonly authority: KeyPair; readonly tlsPort: number; readonly httpPort: number }
  | { readonly kind: 'usage' }
  | { readonly kind: 'stop' };

export interface Answer {
  readonly httpsPort: number;
  readonly httpPort: number;
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly calls: number;
}

const clock = { now: () => Date.now() };
let proxy: AwsProxy | undefined;
let calls = 0;

async function start({ authority, tlsPort, httpPort }: Extract<Order, { kind: 'start' }>): Promise<void> {
  proxy = createAwsProxy(
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
      upstream: (_host, port) => ({ host: '127.0.0.1', port: port === 443 ? tlsPort : httpPort, ca: authority.cert }),
    },
  );
  await proxy.start();
}

process.on('message', (order: Order) => {
  void (async () => {
    if (order.kind === 'start') await start(order);
    if (order.kind === 'stop') {
      await proxy?.stop();
      process.disconnect();
      return;
    }
    const { user, system } = process.cpuUsage();
    process.send?.({
      httpsPort: proxy?.httpsPort() ?? 0,
      httpPort: proxy?.httpPort() ?? 0,
      cpuSeconds: (user + system) / 1e6,
      rssBytes: process.memoryUsage().rss,
      calls,
    } satisfies Answer);
  })();
});
