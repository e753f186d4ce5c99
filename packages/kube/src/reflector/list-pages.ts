import { KubeError, isKubeError } from '../client/kube-error.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { isJsonObject, objectOf, textOf } from '../objects/fields.ts';

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
 * All objects of a collection, page by page; only one page is held at a time. Gives the version from which to watch.
 * `onRestart` is called when pages expired and the list begins again.
 */
export async function listAll(options: ListOptions, onPage: (items: readonly unknown[]) => void, onRestart: () => void): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listOnce(options, attempt < MAX_TRIES ? options.pageSize : undefined, onPage);
    } catch (error) {
      if (!isKubeError(error) || error.code !== 'kube-expired' || attempt === MAX_TRIES) throw error;
      onRestart();
    }
  }
}

async function listOnce(options: ListOptions, limit: number | undefined, onPage: (items: readonly unknown[]) => void): Promise<string> {
  let next: string | undefined;
  for (;;) {
    const query = new URLSearchParams();
    if (limit !== undefined) query.set('limit', String(limit));
    if (next !== undefined) query.set('continue', next);
    const { accept, signal, idleTimeoutMs } = options;
    const page = await options.client.request(`${options.path}?${query.toString()}`, { accept, signal, idleTimeoutMs });
    const meta = objectOf(objectOf(page)['metadata']);
    const version = textOf(meta['resourceVersion']);
    const items = objectOf(page)['items'] ?? [];
    if (!isJsonObject(page) || !Array.isArray(items) || version === undefined) {
      throw new KubeError('kube-bad-answer', `the list of ${options.path} is no Kubernetes list`);
    }
    onPage(items);
    next = textOf(meta['continue']);
    if (next === undefined) return version;
  }
}
