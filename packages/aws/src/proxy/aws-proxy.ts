import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import { AppError } from '@nm/core';
import type { Clock, Logger } from '@nm/core';
import { createSparseLogger, createYoungKeeper } from '@nm/runtime';
import type { ListenAddress, Metrics, Startable } from '@nm/runtime';
import type { AwsHttpRequest } from '../actions/aws-request.ts';
import { isSameEndpoint } from '../actions/parse-host.ts';
import type { AWS_METRICS } from '../report/aws-metrics.ts';
import { createBodyBudget } from './body-budget.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { decodeClientHello } from './client-hello.ts';
import type { ClientHello } from './client-hello.ts';
import { createSeats } from './connection-seats.ts';
import type { Seat } from './connection-seats.ts';
import { readFirst } from './first-bytes.ts';
import { createHttp1Tap } from './http1-tap.ts';
import { createHttp2Tap } from './http2-tap.ts';
import { parseHostField } from './parse-host-field.ts';
import { relay } from './relay.ts';
import type { RequestTap } from './request-tap.ts';
import { isHostName } from './safe-lookup.ts';
import { createTrustWatch } from './trust-watch.ts';
import { createUpstreams, HTTPS_PORT } from './upstreams.ts';
import type { UpstreamOptions } from './upstreams.ts';

export interface AwsProxyDeps {
  readonly authority: CertificateAuthority;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics<typeof AWS_METRICS>;
  /** Called with each request and the client's address. */
  readonly onRequest: (request: AwsHttpRequest, sourceAddress: string) => void;
}

export interface AwsProxyOptions extends UpstreamOptions {
  readonly httpsListen: ListenAddress;
  readonly httpListen: ListenAddress;
  /** Of both ports together. */
  readonly maxConnections: number;
  /** Of one client address. */
  readonly maxPerClient: number;
  /** A connection on which neither side said anything for so long, to twice that, is ended. A call of Lambda may take 15 minutes. */
  readonly idleMs: number;
  /** Bytes of a body that are looked at. */
  readonly maxBodyBytes: number;
  /** Bytes of bodies held at once, all connections together; further bodies are not looked at. */
  readonly maxHeldBodyBytes: number;
  /** A client that refuses our certificate is let through unread for so long. */
  readonly distrustMs: number;
}

export interface AwsProxy extends Startable {
  httpsPort(): number;
  httpPort(): number;
  /** Whether requests to a host are looked at. */
  isWanted(host: string): boolean;
  /** Whether AWS is reached: when several of its hosts in a row are not, names should lead to AWS itself. */
  isReaching(): boolean;
}

export const AWS_PROXY_DEFAULTS = {
  maxConnections: 2_000,
  maxPerClient: 500,
  idleMs: 20 * 60_000,
  maxBodyBytes: 256 * 1024,
  maxHeldBodyBytes: 16 * 1024 * 1024,
  distrustMs: 10 * 60_000,
} as const;

/**
 * Of passed bytes: the buffers that they came in are freed then. V8 counts such memory as if it were of the old generation, and
 * marks the whole heap for every few MB more, because ours is small: that took half of the time at 32 MiB.
 */
const COLLECT_EVERY_BYTES = 4 * 1024 * 1024;
/** Requests over HTTP/2 that are followed at once: each takes 7 kB, and a client may leave any number of them open. */
const STREAM_SEATS = { maxConnections: 4_096, maxPerClient: 1_024 };
const MAX_HELLO_BYTES = 64 * 1024;
const MAX_HEAD_BYTES = 64 * 1024;
const HTTP_PORT = 80;

/**
 * Stands between labelled pods and AWS. TLS to AWS hosts is ended here and begun anew with the same application protocol; bytes
 * then go through unchanged, and a copy of the client's half is read beside. All else passes as it is. Upstream certificates
 * are always verified; a failure of ours before the handshake lets the connection through unread.
 */
export function createAwsProxy(deps: AwsProxyDeps, options: AwsProxyOptions): AwsProxy {
  const { metrics } = deps;
  const log = createSparseLogger(deps.clock, deps.log);
  const sockets = new Set<Duplex>();
  const trust = createTrustWatch(deps.clock, { distrustMs: options.distrustMs });
  const servers: Server[] = [];
  const seats = createSeats(deps, options);
  const streamSeats = createSeats(deps, STREAM_SEATS);
  const seatOf = new WeakMap<Socket, Seat>();

  function hold<S extends Duplex>(socket: S): S {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    return socket;
  }

  const upstreams = createUpstreams(deps, options);
  const young = createYoungKeeper(COLLECT_EVERY_BYTES);
  const budget = createBodyBudget(options.maxHeldBodyBytes);

  /** @param raw The client's own socket, under TLS or `client` itself. */
  function join(raw: Socket, client: Duplex, server: Duplex, tap?: RequestTap): void {
    let isReading = tap !== undefined;
    const seat = seatOf.get(raw);
    relay(client, server, {
      idleMs: options.idleMs,
      onPassed: (bytes) => {
        seat?.touch();
        young.add(bytes);
      },
      ...(tap === undefined
        ? {}
        : {
            onClientBytes: (chunk: Buffer): void => {
              if (isReading) isReading = safely(() => tap.push(chunk));
            },
            onClose: (): void => void safely(() => tap.end()),
          }),
    });
  }

  /** Nothing that reads along may break the connection. */
  function safely(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      metrics.readErrors.inc();
      log.warn('a request could not be read; it went through', { error: (error as Error).message });
      return false;
    }
  }

  function passThrough(client: Socket, host: string, port: number, reason: string): void {
    metrics.connections.inc({ outcome: reason });
    const server = hold(upstreams.connectPlain(host, port, client));
    join(client, client, server);
  }

  function tapFor(client: Socket, host: string, protocol: string): RequestTap {
    const sourceAddress = plainAddress(client.remoteAddress ?? '');
    const listener = (request: AwsHttpRequest): void =>
      void safely(() => deps.onRequest(isSameEndpoint(request.host, host) ? request : { ...request, host }, sourceAddress));
    const takeSeat = (end: () => void): Seat | undefined => streamSeats.take(sourceAddress, end);
    const tapOptions = { host, maxBodyBytes: options.maxBodyBytes, budget };
    return protocol === 'h2' ? createHttp2Tap(listener, { ...tapOptions, takeSeat }) : createHttp1Tap(listener, tapOptions);
  }

  async function intercept(client: Socket, host: string, hello: ClientHello): Promise<void> {
    const key = `${client.remoteAddress ?? ''} ${host}`;
    if (trust.isRefused(key)) return passThrough(client, host, HTTPS_PORT, 'distrusted');
    let context;
    try {
      context = await deps.authority.contextFor(host);
    } catch (error) {
      log.error('no certificate for a host; its connection goes through unread', { host, error: (error as Error).message });
      return passThrough(client, host, HTTPS_PORT, 'no-certificate');
    }
    const protocols = hello.protocols.filter((protocol) => protocol === 'h2' || protocol === 'http/1.1');
    if (client.destroyed) return;
    const server = hold(upstreams.connectSecure(host, protocols, client));
    const early = (error?: NodeJS.ErrnoException): void => {
      upstreams.failed(host, error?.code);
      metrics.connections.inc({ outcome: 'upstream-failed' });
      log.warn('an AWS endpoint could not be reached', { host, error: error?.message ?? 'closed' });
      client.destroy();
    };
    const leave = (): void => void server.destroy();
    server.once('error', early);
    client.once('close', leave);
    server.once('secureConnect', () => {
      server.off('error', early);
      client.off('close', leave);
      const protocol = typeof server.alpnProtocol === 'string' ? server.alpnProtocol : 'http/1.1';
      const secure = hold(
        new TLSSocket(client, {
          isServer: true,
          secureContext: context,
          ...(server.alpnProtocol === false ? {} : { ALPNProtocols: [protocol] }),
        }),
      );
      secure.once('secure', () => metrics.connections.inc({ outcome: 'read' }));
      trust.watch(secure, server, key, () => {
        metrics.connections.inc({ outcome: 'refused-by-client' });
        log.warn('a client refuses our certificate; its next connections go through unread', {
          source: plainAddress(client.remoteAddress ?? ''),
          host,
        });
      });
      let tap: RequestTap | undefined;
      safely(() => (tap = tapFor(client, host, protocol)));
      join(client, secure, server, tap);
    });
  }

  function acceptTls(client: Socket): void {
    hold(client);
    client.setNoDelay(true);
    client.on('error', () => client.destroy());
    readFirst(client, MAX_HELLO_BYTES, (bytes) => {
      const hello = decodeClientHello(bytes);
      if (hello === 'more') return false;
      client.unshift(bytes);
      const host = hello === 'not-tls' ? undefined : hello.serverName;
      if (hello === 'not-tls' || host === undefined || !isHostName(host)) {
        metrics.connections.inc({ outcome: 'no-name' });
        client.destroy();
      } else if (upstreams.isWanted(host)) void intercept(client, host, hello).catch(() => client.destroy());
      else passThrough(client, host, HTTPS_PORT, 'other-host');
      return true;
    });
  }

  function acceptPlain(client: Socket): void {
    hold(client);
    client.setNoDelay(true);
    client.on('error', () => client.destroy());
    readFirst(client, MAX_HEAD_BYTES, (bytes) => {
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) return false;
      const host = parseHostField(bytes.toString('latin1', 0, end));
      client.unshift(bytes);
      if (host === undefined || !isHostName(host)) {
        metrics.connections.inc({ outcome: 'no-name' });
        client.destroy();
        return true;
      }
      if (!upstreams.isWanted(host)) {
        passThrough(client, host, HTTP_PORT, 'other-host');
        return true;
      }
      metrics.connections.inc({ outcome: 'read' });
      const server = hold(upstreams.connectPlain(host, HTTP_PORT, client));
      join(client, client, server, tapFor(client, host, 'http/1.1'));
      return true;
    });
  }

  /** One pod must not take all connections from the others. */
  function admit(client: Socket): boolean {
    const seat = seats.take(client.remoteAddress ?? '', () => {
      metrics.connections.inc({ outcome: 'displaced' });
      client.destroy();
    });
    if (seat === undefined) {
      metrics.connections.inc({ outcome: 'too-many' });
      client.destroy();
      return false;
    }
    seatOf.set(client, seat);
    client.once('close', () => seat.leave());
    return true;
  }

  async function listen(at: ListenAddress, accept: (client: Socket) => void, name: string): Promise<void> {
    const server = createServer({ pauseOnConnect: false }, (client) => {
      if (admit(client)) accept(client);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) =>
        reject(new AppError('listen_failed', `cannot listen on port ${at.port} for ${name}: ${cause.message}`, { cause })),
      );
      server.listen(at.port, at.host, resolve);
    });
    servers.push(server);
  }

  return {
    httpsPort: () => portOf(servers[0]),
    httpPort: () => portOf(servers[1]),
    isWanted: (host) => upstreams.isWanted(host),
    isReaching: () => upstreams.isReaching(),
    async start(): Promise<void> {
      await listen(options.httpsListen, acceptTls, 'HTTPS to AWS');
      await listen(options.httpListen, acceptPlain, 'HTTP to AWS');
    },
    async stop(): Promise<void> {
      const closing = servers.splice(0).map((server) => new Promise<void>((done) => void server.close(() => done())));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closing);
    },
  };
}

function portOf(server: Server | undefined): number {
  return (server?.address() as AddressInfo | null | undefined)?.port ?? 0;
}

function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
