import { AppError } from '@nm/core';
import type { Proxy } from './proxy-pods.ts';
import { METRIC_NAMES } from './mesh-series.ts';

export type ProxyReadError = 'proxy-unreachable' | 'proxy-refused' | 'proxy-timeout' | 'proxy-answer-too-large';

/** A way to a proxy's statistics. */
export interface ProxySource {
  /** The answer in chunks. Throws when there is none, or when it breaks off. */
  open(proxy: Proxy, signal: AbortSignal): AsyncIterable<Uint8Array>;
  close(): void;
}

export interface ProxyReadOptions {
  readonly timeoutMs: number;
  /** Of the answer, uncompressed. */
  readonly maxBytes: number;
}

export interface ProxyReader {
  /** Statistics of a proxy, in chunks. Throws AppError: before the first chunk, or when the answer breaks, is late or too large. */
  read(proxy: Proxy, signal?: AbortSignal): AsyncGenerator<Uint8Array>;
  close(): void;
}

/** Only the two counters that are used: a proxy has a hundred times as many. Envoy takes it as RE2, others pass it over. */
export const STATISTICS_PATH = `/stats/prometheus?filter=${encodeURIComponent(Object.values(METRIC_NAMES).join('|'))}`;

/** Reads statistics within bounds of time and size. */
export function createProxyReader(source: ProxySource, options: ProxyReadOptions): ProxyReader {
  return {
    async *read(proxy, signal): AsyncGenerator<Uint8Array> {
      const timeout = AbortSignal.timeout(options.timeoutMs);
      const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
      const fields = { namespace: proxy.pod.namespace, pod: proxy.pod.name, address: proxy.address };
      const name = `${proxy.pod.namespace}/${proxy.pod.name} (${proxy.address}, ports ${proxy.ports.join(', ')})`;
      let bytes = 0;
      try {
        for await (const chunk of source.open(proxy, either)) {
          bytes += chunk.length;
          if (bytes > options.maxBytes) {
            throw new AppError<ProxyReadError>(
              'proxy-answer-too-large',
              `The statistics of the proxy of ${name} are larger than ${options.maxBytes} bytes.`,
              { fields },
            );
          }
          yield chunk;
        }
      } catch (cause) {
        if (cause instanceof AppError || signal?.aborted === true) throw cause;
        const code: ProxyReadError = timeout.aborted ? 'proxy-timeout' : 'proxy-unreachable';
        const reason = timeout.aborted ? `no whole answer in ${options.timeoutMs / 1000} s` : (cause as Error).message;
        throw new AppError<ProxyReadError>(code, `The statistics of the proxy of ${name} cannot be read: ${reason}.`, { fields, cause });
      }
    },
    close: () => source.close(),
  };
}
