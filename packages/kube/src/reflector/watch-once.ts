import { KubeError, answerError } from '../client/kube-error.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { readByteLines } from '../client/line-reader.ts';
import { isJsonObject, objectOf, textOf } from '../objects/fields.ts';

export interface WatchOptions {
  readonly client: KubeClient;
  readonly path: string;
  readonly accept: string;
  readonly version: string;
  readonly serverTimeoutSeconds: number;
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
}

export interface WatchedEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: unknown;
}

/** Bound on one line; an object in etcd is at most 1.5 MiB by default. */
export const MAX_EVENT_BYTES = 32 * 1024 * 1024;

/**
 * One watch until its answer ends. `onOpen` is called when the server has taken it up; `onEvents` gets what came together, with the version up to which all is known;
 * bookmarks only move the version. Throws KubeError: `kube-expired` for 410 in whatever way the server says it,
 * `kube-bad-answer` for a line that is no event.
 */
export async function watchOnce(
  options: WatchOptions,
  onOpen: () => void,
  onEvents: (events: readonly WatchedEvent[], version: string) => void,
): Promise<void> {
  const query = new URLSearchParams({
    watch: '1',
    resourceVersion: options.version,
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(Math.ceil(options.serverTimeoutSeconds)),
  });
  const { accept, signal, idleTimeoutMs } = options;
  const chunks = await options.client.stream(`${options.path}?${query.toString()}`, { accept, signal, idleTimeoutMs });
  onOpen();
  let version = options.version;
  for await (const lines of readByteLines(chunks, MAX_EVENT_BYTES)) {
    const events: WatchedEvent[] = [];
    try {
      for (const line of lines) {
        if (line?.trim() === '') continue;
        const { type, object } = parseEvent(line, options.path);
        version = textOf(objectOf(objectOf(object)['metadata'])['resourceVersion']) ?? version;
        if (type !== 'BOOKMARK') events.push({ type, object });
      }
    } finally {
      // What came before a broken line is good.
      onEvents(events, version);
    }
  }
}

function parseEvent(
  line: string | undefined,
  path: string,
): { readonly type: WatchedEvent['type'] | 'BOOKMARK'; readonly object: unknown } {
  const event = parseJson(line);
  if (!isJsonObject(event) || !isJsonObject(event['object']))
    throw new KubeError('kube-bad-answer', `the watch of ${path} sent a line that is no event`);
  const { type, object } = event;
  if (type === 'ERROR') {
    const code = typeof object['code'] === 'number' ? object['code'] : 500;
    throw answerError(code, path, JSON.stringify(object));
  }
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED' && type !== 'BOOKMARK') {
    throw new KubeError('kube-bad-answer', `the watch of ${path} sent an event of an unknown type`);
  }
  return { type, object };
}

function parseJson(line: string | undefined): unknown {
  if (line === undefined) return undefined;
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
