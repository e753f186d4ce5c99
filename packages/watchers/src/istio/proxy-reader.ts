import { request as httpRequest, Agent } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { createGunzip } from 'node:zlib';
import { AppError } from '@nm/core';
import { METRIC_NAMES } from './mesh-series.ts';

export type ProxyReadError = 'proxy-unreachable' | 'proxy-refused' | 'proxy-timeout' | 'proxy-answer-too-large';

export interface ProxyReadOptions {
  readonly timeoutMs: number;
  /** Of the answer, uncompressed. */
  readonly maxBytes: number;
  /** HTTPS with these certificates, for meshes that want TLS on the ports of statistics. */
  readonly tls?: SecureContextOptions & { readonly rejectUnauthorized?: boolean };
}

export interface ProxyReader {
  /**
   * Statistics of the proxy at an address, in chunks; the first port that answers is taken. Throws AppError: before the
   * first chunk when no port answers, within when the answer breaks, is late or too large.
   */
  read(address: string, ports: readonly number[], signal?: AbortSignal): AsyncGenerator<Uint8Array>;
  close(): void;
}

/** Only the two counters that are used: a proxy has a hundred times as many. Envoy takes it as RE2, others pass it over. */
const PATH = `/stats/prometheus?filter=${encodeURIComponent(Object.values(METRIC_NAMES).join('|'))}`;

/** Reads statistics over the pod network. */
export function createProxyReader(options: ProxyReadOptions): ProxyReader {
  // Connections are not kept: each proxy is asked once in half a minute, and sidecars of hundreds of pods would add up.
  const agent = options.tls === undefined ? new Agent({ keepAlive: false }) : new TlsAgent({ keepAlive: false, ...options.tls });

  async function open(address: string, port: number, signal: AbortSignal): Promise<IncomingMessage> {
    const send = options.tls === undefined ? httpRequest : httpsRequest;
    const host = address.includes(':') ? `[${address}]` : address;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = send(
        {
          agent,
          host: address,
          port,
          path: PATH,
          signal,
          headers: { host: `${host}:${port}`, accept: 'text/plain', 'accept-encoding': 'identity' },
        },
        resolve,
      );
      sent.on('error', reject);
      sent.end();
    });
    if (answer.statusCode === 200) return answer;
    answer.resume();
    throw new AppError<ProxyReadError>(
      'proxy-refused',
      answer.statusCode === 403
        ? `The proxy at ${host}:${port} shows its statistics to its own pod only (METRICS_LOCALHOST_ACCESS_ONLY); allow the pod network.`
        : `The proxy at ${host}:${port} answered ${answer.statusCode} to ${PATH.split('?', 1)[0]}.`,
      { fields: { address, port, status: answer.statusCode } },
    );
  }

  async function openFirst(address: string, ports: readonly number[], signal: AbortSignal): Promise<IncomingMessage> {
    let failure: unknown;
    for (const port of ports) {
      try {
        return await open(address, port, signal);
      } catch (error) {
        failure ??= error;
        if (signal.aborted) break;
      }
    }
    throw failure;
  }

  return {
    async *read(address, ports, signal): AsyncGenerator<Uint8Array> {
      const timeout = AbortSignal.timeout(options.timeoutMs);
      const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
      let answer: IncomingMessage | undefined;
      try {
        answer = await openFirst(address, ports, either);
        let bytes = 0;
        for await (const chunk of decoded(answer)) {
          bytes += chunk.length;
          if (bytes > options.maxBytes) {
            throw new AppError<ProxyReadError>(
              'proxy-answer-too-large',
              `The statistics of the proxy at ${address} are larger than ${options.maxBytes} bytes.`,
              {
                fields: { address },
              },
            );
          }
          yield chunk;
        }
      } catch (error) {
        if (error instanceof AppError) throw error;
        if (signal?.aborted === true) throw error;
        const code: ProxyReadError = timeout.aborted ? 'proxy-timeout' : 'proxy-unreachable';
        const reason = timeout.aborted ? `no whole answer in ${options.timeoutMs / 1000} s` : (error as Error).message;
        throw new AppError<ProxyReadError>(
          code,
          `The statistics of the proxy at ${address} (ports ${ports.join(', ')}) cannot be read: ${reason}.`,
          {
            fields: { address },
            cause: error,
          },
        );
      } finally {
        answer?.destroy();
      }
    },
    close: () => agent.destroy(),
  };
}

async function* decoded(answer: IncomingMessage): AsyncGenerator<Uint8Array> {
  if (answer.headers['content-encoding'] !== 'gzip') {
    for await (const chunk of answer) yield chunk as Buffer;
    return;
  }
  const gunzip = createGunzip();
  answer.on('error', (error) => gunzip.destroy(error));
  answer.pipe(gunzip);
  for await (const chunk of gunzip) yield chunk as Buffer;
}
