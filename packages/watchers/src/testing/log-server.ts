import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Stamped {
  readonly stamp: string;
  readonly text: string;
}

export interface LogServer {
  readonly url: string;
  /** Requests for logs so far. */
  readonly requests: readonly URL[];
  /** Appends a line; followers get it at once. `at` in milliseconds since the epoch. */
  write(text: string, at: number): void;
  /** Ends every connection; `midLine` sends half of the next line first. */
  cut(midLine?: string): void;
  /** The kubelet begins a new file: lines so far are no longer given. */
  rotate(): void;
  /** The container starts again: its log becomes the previous one's. */
  restart(): void;
  /** Objects answered to lists of pods. */
  pods: readonly unknown[];
  close(): Promise<void>;
}

/** Answers pods/log and lists of pods as an API server and a kubelet do: whole-second sinceTime, follow, previous, rotation. */
export async function createLogServer(): Promise<LogServer> {
  let lines: Stamped[] = [];
  let previous: Stamped[] | undefined;
  const followers = new Set<ServerResponse>();
  const requests: URL[] = [];
  let nanos = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (!url.pathname.endsWith('/log')) {
      response.end(JSON.stringify({ items: state.pods }));
      return;
    }
    requests.push(url);
    const since = url.searchParams.get('sinceTime');
    const from = since === null ? '' : new Date(Math.floor(Date.parse(since) / 1000) * 1000).toISOString().slice(0, 19);
    const wanted = url.searchParams.get('previous') === 'true' ? previous : lines;
    if (wanted === undefined) {
      response.writeHead(400).end();
      return;
    }
    response.flushHeaders();
    for (const { stamp, text } of wanted) if (stamp >= from) response.write(`${stamp} ${text}\n`);
    if (url.searchParams.get('follow') !== 'true') {
      response.end();
      return;
    }
    followers.add(response);
    response.on('close', () => followers.delete(response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cutAll = (half?: string): void => {
    for (const response of followers) {
      if (half !== undefined) response.write(half);
      response.socket?.destroySoon();
    }
    followers.clear();
  };
  const state: LogServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    pods: [],
    write(text, at): void {
      nanos += 1;
      const stamp = `${new Date(at).toISOString().slice(0, 23)}${String(nanos % 1_000_000).padStart(6, '0')}Z`;
      lines.push({ stamp, text });
      for (const response of followers) response.write(`${stamp} ${text}\n`);
    },
    cut: (midLine) => cutAll(midLine === undefined ? undefined : `2026-01-01T00:00:00.000000000Z ${midLine}`),
    rotate(): void {
      lines = [];
    },
    restart(): void {
      previous = lines;
      lines = [];
      cutAll();
    },
    async close(): Promise<void> {
      cutAll();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return state;
}
