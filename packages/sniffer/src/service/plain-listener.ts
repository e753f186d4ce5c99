import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { AppError } from '@nm/core';
import type { ListenAddress } from '@nm/runtime';

/** Scrapers and probes are few; more connections than this are refused. */
const MAX_CONNECTIONS = 64;
const HEADERS_TIMEOUT_MS = 10_000;

export interface PlainListener {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** With the real port. */
  address(): ListenAddress;
}

/** A server for metrics and health without TLS, whose modules would cost 5 MB on every node. @throws AppError listen_failed. */
export function createPlainListener(
  handler: RequestListener,
  options: { readonly name: string; readonly listen: ListenAddress },
): PlainListener {
  const server = createServer({ headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: HEADERS_TIMEOUT_MS }, handler);
  server.maxConnections = MAX_CONNECTIONS;
  return {
    start: () =>
      new Promise((resolve, reject) => {
        const { host, port } = options.listen;
        server.removeAllListeners('error');
        server.once('error', (cause) =>
          reject(
            new AppError(
              'listen_failed',
              `cannot listen on ${host ?? ''}:${port} for ${options.name}: ${cause.message}; give another address`,
              { cause },
            ),
          ),
        );
        server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve);
      }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    address() {
      const address = server.address();
      return address === null || typeof address === 'string' ? options.listen : { host: address.address, port: address.port };
    },
  };
}
