import { KubeError, isKubeError } from '../client/kube-error.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { isJsonObject, objectOf, textOf } from '../objects/fields.ts';
import { createListScanner } from '../objects/list-scanner.ts';

const MAX_REASON_CHARACTERS = 100;

export interface ListOptions {
  readonly client: KubeClient;
  readonly path: string;
  readonly accept: string;
  readonly pageSize: number;
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** A list goes on for so many tries when its pages expire (410) on the way; the last one asks for all at once. */
const MAX_TRIES = 3;

/**
 * All objects of a collection, page by page; only one object is held at a time. Gives the version from which to watch.
 * `onRestart` is called when pages expired and the list begins again.
 */
export async function listAll(options: ListOptions, onItems: (items: readonly unknown[]) => void, onRestart: () => void): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listOnce(options, attempt < MAX_TRIES ? options.pageSize : undefined, onItems);
    } catch (error) {
      if (!isKubeError(error) || error.code !== 'kube-expired' || attempt === MAX_TRIES) throw error;
      onRestart();
    }
  }
}

async function listOnce(options: ListOptions, limit: number | undefined, onItems: (items: readonly unknown[]) => void): Promise<string> {
  let next: string | undefined;
  for (;;) {
    const query = new URLSearchParams();
    if (limit !== undefined) query.set('limit', String(limit));
    if (next !== undefined) query.set('continue', next);
    const page = await readPage(options, `${options.path}?${query.toString()}`, onItems);
    const meta = objectOf(objectOf(page)['metadata']);
    const version = textOf(meta['resourceVersion']);
    if (!isJsonObject(page) || !Array.isArray(page['items'] ?? []) || version === undefined) {
      throw new KubeError('kube-bad-answer', `the list of ${options.path} is no Kubernetes list`);
    }
    next = textOf(meta['continue']);
    if (next === undefined) return version;
  }
}

/** Hands on a page's items as they arrive; gives the page without them. */
async function readPage(options: ListOptions, path: string, onItems: (items: readonly unknown[]) => void): Promise<unknown> {
  const { accept, signal, idleTimeoutMs } = options;
  let items: unknown[] = [];
  const scanner = createListScanner((item) => items.push(item));
  const chunks = await options.client.stream(path, { accept, signal, idleTimeoutMs });
  try {
    for await (const chunk of chunks) {
      scanner.push(chunk);
      if (items.length > 0) onItems(items);
      items = [];
    }
    return scanner.end();
  } catch (cause) {
    if (!(cause instanceof SyntaxError) && !(cause instanceof RangeError)) throw cause;
    throw new KubeError('kube-bad-answer', `the list of ${options.path} is not JSON: ${cause.message.slice(0, MAX_REASON_CHARACTERS)}`, {
      cause,
    });
  }
}
