import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { AppError } from '@nm/core';
import type { Logger } from '@nm/core';
import { formatListenAddress } from '../options/option-type.ts';
import type { ListenAddress } from '../options/option-type.ts';
import type { Startable } from '../startable.ts';
import { limitConnections } from './connection-limit.ts';
import type { ConnectionRefusal } from './connection-limit.ts';

export const HTTP_ERRORS = {
  listen_failed: 'The address cannot be listened on: it is in use, not of this machine, or the port needs a privilege.',
  tls_invalid: 'The files of the certificate and its key cannot be read, or do not fit each other.',
} as const;

export interface HttpListener extends Startable {
  /** Where it listens now, with the real port; only after start. */
  address(): ListenAddress;
  readonly isTls: boolean;
}

export interface HttpListenerOptions {
  /** For errors and logs: `queries`, `metrics`. */
  readonly name: string;
  readonly listen: ListenAddress;
  readonly tls?: TlsFiles;
  /** Connections at once, in all and of one address; more are refused. */
  readonly maxConnections?: number;
  readonly maxConnectionsPerAddress?: number;
  /** How long `stop` lets running requests finish. */
  readonly drainMs?: number;
}

export interface TlsFiles {
  /** PEM; read again every `reloadMs`, because certificates rotate. */
  readonly certFile: string;
  readonly keyFile: string;
  /** PEM of authorities; when set, clients must show a certificate of theirs. */
  readonly clientCaFile?: string;
  readonly reloadMs?: number;
}

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 65_000;
/** TLS, which comes before the headers. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_CONNECTIONS = 4_096;
const DEFAULT_MAX_PER_ADDRESS = 512;
/** Every forwarded port comes from here, and nobody else does. */
const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;
/** How often connections are looked at that send no request, or not all of one. */
const STALLED_CHECK_MS = 5_000;
const DEFAULT_DRAIN_MS = 5_000;
const IDLE_CHECK_MS = 20;
const DEFAULT_TLS_RELOAD_MS = 60_000;

/** A node:http or node:https server with a life cycle and the limits that a server on a shared network needs. */
export function createHttpListener(
  deps: {
    readonly handler: RequestListener;
    readonly log: Logger;
    readonly onRefused?: (why: ConnectionRefusal) => void;
    /** For each connection, refused ones too. */
    readonly onConnection?: () => void;
  },
  options: HttpListenerOptions,
): HttpListener {
  let server: Server | TlsServer | undefined;
  let reload: NodeJS.Timeout | undefined;

  async function open(): Promise<Server | TlsServer> {
    const limits = {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: STALLED_CHECK_MS,
    };
    if (options.tls === undefined) return createServer(limits, deps.handler);
    const { tls } = options;
    const secure = createTlsServer(
      { ...limits, handshakeTimeout: HANDSHAKE_TIMEOUT_MS, ...(await loadTls(tls)), minVersion: 'TLSv1.2' },
      deps.handler,
    );
    reload = setInterval(() => {
      loadTls(tls)
        // Throws for a certificate and a key that do not fit each other: the old ones go on.
        .then((context) => secure.setSecureContext(context))
        .catch((error: unknown) => deps.log.error('certificate not reloaded', { error: (error as Error).message }));
    }, tls.reloadMs ?? DEFAULT_TLS_RELOAD_MS).unref();
    return secure;
  }

  return {
    isTls: options.tls !== undefined,
    address() {
      const bound = server?.address() as AddressInfo | null | undefined;
      if (!bound) return options.listen;
      return { ...(options.listen.host !== undefined && { host: options.listen.host }), port: bound.port };
    },
    async start() {
      const opened = await open();
      server = opened;
      const limits = {
        maxConnections: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
        maxPerAddress: options.maxConnectionsPerAddress ?? DEFAULT_MAX_PER_ADDRESS,
        exempt: LOOPBACK,
      };
      limitConnections(opened, limits, (why) => deps.onRefused?.(why));
      opened.on('connection', () => deps.onConnection?.());
      await new Promise<void>((resolve, reject) => {
        opened.once('error', (cause) => {
          const where = formatListenAddress(options.listen);
          reject(new AppError('listen_failed', `cannot listen on ${where} for ${options.name}: ${cause.message}`, { cause }));
        });
        opened.listen(options.listen.port, options.listen.host, resolve);
      });
    },
    async stop() {
      clearInterval(reload);
      const closing = server;
      if (closing === undefined) return;
      server = undefined;
      await new Promise<void>((resolve) => {
        const force = setTimeout(() => closing.closeAllConnections(), options.drainMs ?? DEFAULT_DRAIN_MS);
        // A connection that is answered meanwhile would stay open for its next request.
        const idle = setInterval(() => closing.closeIdleConnections(), IDLE_CHECK_MS);
        closing.close(() => {
          clearTimeout(force);
          clearInterval(idle);
          resolve();
        });
        closing.closeIdleConnections();
      });
    },
  };
}

async function loadTls(
  files: TlsFiles,
): Promise<{ cert: Buffer; key: Buffer; ca?: Buffer; requestCert?: boolean; rejectUnauthorized?: boolean }> {
  try {
    const [cert, key] = await Promise.all([readFile(files.certFile), readFile(files.keyFile)]);
    if (files.clientCaFile === undefined) return { cert, key };
    return { cert, key, ca: await readFile(files.clientCaFile), requestCert: true, rejectUnauthorized: true };
  } catch (cause) {
    throw new AppError('tls_invalid', `cannot read the certificate: ${(cause as Error).message}`, { cause });
  }
}
