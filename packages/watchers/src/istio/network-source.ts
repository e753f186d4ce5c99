import type { IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import { createGunzip } from 'node:zlib';
import { AppError } from '@nm/core';
import { createPlainGet } from './plain-get.ts';
import { STATISTICS_PATH } from './proxy-reader.ts';
import type { ProxyReadError, ProxySource } from './proxy-reader.ts';

/** How the ports of statistics are to be reached by TLS. */
export interface ProxyTls {
  /** PEM text of the authority that signed the proxies' certificates; Node's own authorities without it. */
  readonly ca?: string;
  /** Anybody's certificate will do. */
  readonly insecure?: boolean;
}

type Ask = (address: string, port: number, onChunk: (chunk: Uint8Array) => void, signal: AbortSignal) => Promise<void>;

/**
 * Asks the first port that answers, over the pod network. With TLS the authority is checked, the name is not: a proxy's
 * certificate names its workload (a SPIFFE URI), we know its pod's address.
 */
export function createNetworkSource(tls?: ProxyTls): ProxySource {
  const { ask, close } = tls === undefined ? createPlainAsk() : createTlsAsk(tls);
  return {
    async read({ address, ports }, onChunk, signal): Promise<void> {
      let failure: unknown;
      let hasBegun = false;
      for (const port of ports) {
        try {
          await ask(
            address,
            port,
            (chunk) => {
              hasBegun = true;
              onChunk(chunk);
            },
            signal,
          );
          return;
        } catch (error) {
          // A port that refuses says more than one where nobody listens.
          if (failure === undefined || error instanceof AppError) failure = error;
          if (signal.aborted || hasBegun) break;
        }
      }
      throw failure;
    },
    close,
  };
}

/** Connections are not kept: each proxy is asked once in half a minute, and sidecars of hundreds of pods would add up. */
function createPlainAsk(): { readonly ask: Ask; readonly close: () => void } {
  const get = createPlainGet();
  const ask: Ask = async (address, port, onChunk, signal) => {
    const host = hostOf(address, port);
    let inflate: ReturnType<typeof createInflate> | undefined;
    await get(
      { host: address, port, path: STATISTICS_PATH, headers: headersOf(host) },
      {
        head: ({ status, fields }) => {
          if (status !== 200) throw refusal(host, status);
          if (fields.get('content-encoding') === 'gzip') inflate = createInflate(onChunk);
        },
        body: (bytes) => (inflate === undefined ? onChunk(bytes) : inflate.push(bytes)),
      },
      signal,
    );
    await inflate?.end();
  };
  return { ask, close: () => undefined };
}

function createTlsAsk(tls: ProxyTls): { readonly ask: Ask; readonly close: () => void } {
  const agent = new TlsAgent({
    keepAlive: false,
    rejectUnauthorized: tls.insecure !== true,
    checkServerIdentity: () => undefined,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
  });
  const ask: Ask = async (address, port, onChunk, signal) => {
    const host = hostOf(address, port);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = httpsRequest({ agent, host: address, port, path: STATISTICS_PATH, signal, headers: headersOf(host) }, resolve);
      sent.on('error', reject);
      sent.end();
    });
    try {
      if (answer.statusCode !== 200) throw refusal(host, answer.statusCode ?? 0);
      const inflate = answer.headers['content-encoding'] === 'gzip' ? createInflate(onChunk) : undefined;
      for await (const chunk of answer) (inflate?.push ?? onChunk)(chunk as Buffer);
      await inflate?.end();
    } finally {
      answer.destroy();
    }
  };
  return { ask, close: () => agent.destroy() };
}

/**
 * Of a compressed answer. What it unpacks to is bounded by the reader, but a hostile one may unpack to nothing for ever,
 * and waits here until it is unpacked. Statistics are a tenth of their size when packed.
 */
const MAX_PACKED_BYTES = 16 * 1024 * 1024;

/** Some put a compressing proxy in front, whatever was asked for. What `onChunk` throws is thrown by the next call. */
function createInflate(onChunk: (chunk: Uint8Array) => void): {
  readonly push: (bytes: Uint8Array) => void;
  readonly end: () => Promise<void>;
} {
  const gunzip = createGunzip();
  let packedBytes = 0;
  let failure: Error | undefined;
  gunzip.on('error', (error) => (failure ??= error));
  gunzip.on('data', (chunk: Buffer) => {
    try {
      onChunk(chunk);
    } catch (error) {
      gunzip.destroy(error as Error);
    }
  });
  return {
    push: (bytes) => {
      if (failure !== undefined) throw failure;
      packedBytes += bytes.length;
      if (packedBytes > MAX_PACKED_BYTES) {
        gunzip.destroy();
        throw new AppError<ProxyReadError>('proxy-answer-too-large', `The packed answer is larger than ${MAX_PACKED_BYTES} bytes.`);
      }
      gunzip.write(Buffer.from(bytes));
    },
    end: () =>
      new Promise((resolve, reject) => {
        gunzip.on('close', () => (failure === undefined ? resolve() : reject(failure)));
        gunzip.end();
        if (failure !== undefined) reject(failure);
      }),
  };
}

function hostOf(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function headersOf(host: string): Readonly<Record<string, string>> {
  return { host, accept: 'text/plain', 'accept-encoding': 'identity' };
}

function refusal(host: string, status: number): AppError<ProxyReadError> {
  return new AppError(
    'proxy-refused',
    status === 403
      ? `The proxy at ${host} shows its statistics to its own pod only (METRICS_LOCALHOST_ACCESS_ONLY): allow the pod network, or set --read-by exec.`
      : `The proxy at ${host} answered ${status} to ${STATISTICS_PATH.split('?', 1)[0]}.`,
    { fields: { host, status } },
  );
}
