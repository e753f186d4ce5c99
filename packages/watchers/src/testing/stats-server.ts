import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

export interface StatsServer {
  readonly port: number;
  /** Paths asked for. */
  readonly requests: readonly string[];
  text: string;
  mode: 'ok' | 'gzip' | 'cut' | 'refuse' | 'hang' | 'endless';
  close(): Promise<void>;
}

/** A proxy's statistics port. */
export async function createStatsServer(): Promise<StatsServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    switch (state.mode) {
      case 'ok':
        response.end(state.text);
        return;
      case 'gzip':
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(state.text));
        return;
      case 'cut':
        response.writeHead(200, { 'content-length': state.text.length + 100 });
        response.write(state.text, () => response.destroy());
        return;
      case 'refuse':
        response.writeHead(403).end();
        return;
      case 'hang':
        response.write(state.text);
        return;
      case 'endless': {
        const more = (): void => {
          while (!response.destroyed && response.write(`${'x'.repeat(16_384)}\n`));
        };
        response.on('drain', more);
        more();
      }
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const state: StatsServer = {
    port: (server.address() as AddressInfo).port,
    requests,
    text: '',
    mode: 'ok',
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return state;
}
