import { AppError } from '@nm/core';
import type { Proxy } from './proxy-pods.ts';
import { METRIC_NAMES } from './mesh-series.ts';

export type ProxyReadError = 'proxy-unreachable' | 'proxy-refused' | 'proxy-timeout' | 'proxy-answer-too-large';

/** A way to a proxy's statistics. */
export interface ProxySource {
  /**
   * Hands out the answer in chunks, which are good until `onChunk` returns; what that throws ends the read. Throws when
   * there is no answer, or when it breaks off.
   */
  read(proxy: Proxy, onChunk: (chunk: Uint8Array) => void, signal: AbortSignal): Promise<void>;
  close(): void;
}

export interface ProxyReadOptions {
  readonly timeoutMs: number;
  /** Of the answer, uncompressed. */
  readonly maxBytes: number;
}

export interface ProxyReader {
  /**
   * Statistics of a proxy in chunks, which are good until `onChunk` returns. Throws AppError: before the first chunk, or
   * when the answer breaks, is late or too large.
   */
  read(proxy: Proxy, onChunk: (chunk: Uint8Array) => void, signal?: AbortSignal): Promise<void>;
  close(): void;
}

/** Only the two counters that are used: a proxy has a hundred times as many. Envoy takes it as RE2, others pass it over. */
export const STATISTICS_PATH = `/stats/prometheus?filter=${encodeURIComponent(Object.values(METRIC_NAMES).join('|'))}`;

/** Reads statistics within bounds of time and size. */
export function createProxyReader(source: ProxySource, options: ProxyReadOptions): ProxyReader {
  return {
    async read(proxy, onChunk, signal): Promise<void> {
      const timeout = AbortSignal.timeout(options.timeoutMs);
      const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
      const fields = { namespace: proxy.pod.namespace, pod: proxy.pod.name, address: proxy.address };
      const name = `${proxy.pod.namespace}/${proxy.pod.name} (${proxy.address}, ports ${proxy.ports.join(', ')})`;
      let bytes = 0;
      try {
        const take = (chunk: Uint8Array): void => {
          bytes += chunk.length;
          if (bytes > options.maxBytes) {
            throw new AppError<ProxyReadError>(
              'proxy-answer-too-large',
              `The statistics of the proxy of ${name} are larger than ${options.maxBytes} bytes.`,
              { fields },
            );
          }
          onChunk(chunk);
        };
        await source.read(proxy, take, either);
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
