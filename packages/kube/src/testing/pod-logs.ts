import type { ServerResponse } from 'node:http';

/** Lines of a container, with the times at which they were written; followers get new ones at once. */
export interface PodLogs {
  append(container: string, ...lines: readonly string[]): void;
  /** Ends the log: the container stopped, followers' answers end. */
  end(container: string): void;
  /** Breaks the followers' connections; the log goes on. */
  drop(container: string): void;
  serve(container: string, query: URLSearchParams, response: ServerResponse): void;
}

interface Log {
  readonly lines: { readonly at: number; readonly text: string }[];
  readonly followers: Set<{ readonly write: (line: { at: number; text: string }) => void; readonly response: ServerResponse }>;
  ended: boolean;
}

/** `container` is any key, e.g. `namespace/pod/container`. */
export function createPodLogs(now: () => number): PodLogs {
  const logs = new Map<string, Log>();
  const logOf = (container: string): Log => {
    let log = logs.get(container);
    if (log === undefined) logs.set(container, (log = { lines: [], followers: new Set(), ended: false }));
    return log;
  };
  return {
    append(container, ...lines) {
      const log = logOf(container);
      for (const text of lines) {
        const line = { at: now(), text };
        log.lines.push(line);
        for (const follower of log.followers) follower.write(line);
      }
    },
    end(container) {
      const log = logOf(container);
      log.ended = true;
      for (const { response } of log.followers) response.end();
      log.followers.clear();
    },
    drop(container) {
      const log = logOf(container);
      for (const { response } of log.followers) response.destroy();
      log.followers.clear();
    },
    serve(container, query, response) {
      const log = logOf(container);
      const withTime = query.get('timestamps') === 'true';
      const since = sinceOf(query, now);
      const tail = query.get('tailLines');
      const write = (line: { at: number; text: string }): void =>
        void response.write(`${withTime ? `${new Date(line.at).toISOString()} ` : ''}${line.text}\n`);
      response.writeHead(200, { 'Content-Type': 'text/plain' });
      response.flushHeaders();
      const chosen = log.lines.filter((line) => line.at >= since);
      for (const line of tail === null ? chosen : chosen.slice(-Number(tail) || chosen.length)) write(line);
      if (query.get('follow') !== 'true' || log.ended) {
        response.end();
        return;
      }
      const follower = { write, response };
      log.followers.add(follower);
      response.on('close', () => log.followers.delete(follower));
    },
  };
}

function sinceOf(query: URLSearchParams, now: () => number): number {
  const time = query.get('sinceTime');
  if (time !== null) return Date.parse(time);
  const seconds = query.get('sinceSeconds');
  return seconds === null ? -Infinity : now() - Number(seconds) * 1000;
}
