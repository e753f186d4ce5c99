import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import type { Clock } from '@nm/core';
import type { Metrics } from '@nm/runtime';
import { parseAwsHost } from '../actions/parse-host.ts';
import type { AWS_METRICS } from '../report/aws-metrics.ts';
import { createReachability } from './reachability.ts';
import { createSafeLookup } from './safe-lookup.ts';

export interface UpstreamOptions {
  /** Further host patterns (`*.example.com`) to look into; AWS's own always are. */
  readonly hosts?: readonly string[];
  /** Where a host really is; the name itself unless given. For tests and split networks. */
  readonly upstream?: (host: string, port: number) => Pick<ConnectionOptions, 'host' | 'port' | 'ca'>;
}

/** The ways to what pods ask for. */
export interface Upstreams {
  isWanted(host: string): boolean;
  /** A connection that ends `client` when it does not come about in time. */
  connectPlain(host: string, port: number, client: Duplex): Socket;
  connectSecure(host: string, protocols: readonly string[], client: Duplex): TLSSocket;
  failed(host: string, code?: string): void;
  isReaching(): boolean;
}

export const HTTPS_PORT = 443;
const CONNECT_TIMEOUT_MS = 10_000;

export function createUpstreams(
  deps: { readonly clock: Clock; readonly metrics: Metrics<typeof AWS_METRICS> },
  options: UpstreamOptions,
): Upstreams {
  const lookups = { aws: createSafeLookup(true), other: createSafeLookup(false) };
  const reachability = createReachability(deps.clock);

  function isWanted(host: string): boolean {
    return parseAwsHost(host) !== undefined || (options.hosts ?? []).some((pattern) => matchesHost(pattern, host));
  }

  function addressOf(host: string, port: number): ConnectionOptions {
    return { host, port, lookup: isWanted(host) ? lookups.aws : lookups.other, ...options.upstream?.(host, port) };
  }

  function withTimeout<S extends Socket>(server: S, client: Duplex, host?: string): S {
    server.setTimeout(CONNECT_TIMEOUT_MS, () => {
      deps.metrics.connections.inc({ outcome: 'unreachable' });
      if (host !== undefined) reachability.failed(host);
      server.destroy();
      client.destroy();
    });
    server.once('connect', () => {
      server.setTimeout(0);
      if (host !== undefined) reachability.reached();
    });
    return server;
  }

  return {
    isWanted,
    connectPlain(host, port, client): Socket {
      const { host: name = host, port: to = port, lookup } = addressOf(host, port);
      return withTimeout(connectTcp({ host: name, port: to, noDelay: true, ...(lookup === undefined ? {} : { lookup }) }), client);
    },
    connectSecure(host, protocols, client): TLSSocket {
      const server = connectTls({
        ...addressOf(host, HTTPS_PORT),
        servername: host,
        ALPNProtocols: [...protocols],
        rejectUnauthorized: true,
        minVersion: 'TLSv1.2',
      });
      server.setNoDelay(true);
      return withTimeout(server, client, host);
    },
    // A name that does not exist says nothing about the way there.
    failed: (host, code) => void (code !== 'ENOTFOUND' && reachability.failed(host)),
    isReaching: () => reachability.isReaching(),
  };
}

export function matchesHost(pattern: string, host: string): boolean {
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1 : pattern === host;
}
