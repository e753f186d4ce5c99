import { PROXY_CONTAINER } from './proxy-pods.ts';
import { STATISTICS_PATH } from './proxy-reader.ts';
import type { ProxySource } from './proxy-reader.ts';

/** Runs a command in a container; gives its standard output. */
export type Exec = (
  target: { readonly namespace: string; readonly pod: string; readonly container: string; readonly command: readonly string[] },
  signal: AbortSignal,
) => AsyncIterable<Uint8Array>;

/**
 * Asks the agent inside the proxy's container (`pilot-agent request`), for meshes whose statistics are shown to the own
 * pod only. ztunnel has no such agent, so `network` reads it.
 */
export function createExecSource(exec: Exec, network: ProxySource): ProxySource {
  const command = ['pilot-agent', 'request', 'GET', STATISTICS_PATH.slice(1)];
  return {
    async read(proxy, onChunk, signal): Promise<void> {
      if (proxy.kind === 'ztunnel') {
        await network.read(proxy, onChunk, signal);
        return;
      }
      const target = { namespace: proxy.pod.namespace, pod: proxy.pod.name, container: PROXY_CONTAINER, command };
      for await (const chunk of exec(target, signal)) onChunk(chunk);
    },
    close: () => network.close(),
  };
}
