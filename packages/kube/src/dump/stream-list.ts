import type { Readable } from 'node:stream';
import { isJsonObject, objectOf, textOf } from '../objects/fields.ts';
import { createListScanner } from '../objects/list-scanner.ts';
import { createListReader, itemContext } from './entries.ts';
import type { DumpContent } from './entries.ts';
import { openChunks } from './read-text.ts';
import type { TroubleCount } from './warnings.ts';

/** Enough to see whether a file is a JSON object, and how its kind begins. */
const HEAD_KIND = /"kind"\s*:\s*"([A-Za-z0-9]*List)"/;
const HEAD_VERSION = /"apiVersion"\s*:\s*"([A-Za-z0-9./-]+)"/;

/**
 * A file that is one JSON list (what kubectl writes nearly always), read item by item: memory for one object and the
 * records, not for the file. Undefined for everything else, also for a broken list: the whole text tells where.
 */
export async function streamList(path: string, troubles: TroubleCount, signal?: AbortSignal): Promise<DumpContent | undefined> {
  const met: [Parameters<TroubleCount['add']>[0], string][] = [];
  const reader = createListReader(path, { add: (code, where) => void met.push([code, where]), report: () => undefined });
  /** Items whose kind only the end of the list can tell. */
  const waiting: unknown[] = [];
  const scanner = createListScanner((item) => {
    if (isJsonObject(item) && item['kind'] === undefined && item['type'] === undefined) {
      const head = scanner.head();
      const kind = HEAD_KIND.exec(head)?.[1];
      if (kind === undefined) waiting.push(item);
      else reader.add(item, itemContext(kind, HEAD_VERSION.exec(head)?.[1]));
    } else reader.add(item, {});
  });
  let source: Readable | undefined;
  let list: unknown;
  try {
    let isFirst = true;
    source = await openChunks(path, signal);
    for await (const chunk of source) {
      const bytes = chunk as Buffer;
      if (isFirst && !/^\s*\{/.test(bytes.toString('latin1', 0, 64))) return undefined;
      isFirst = false;
      scanner.push(bytes);
    }
    list = scanner.end();
  } catch {
    signal?.throwIfAborted();
    return undefined;
  } finally {
    source?.destroy();
  }
  const kind = textOf(objectOf(list)['kind']);
  if (!Array.isArray(objectOf(list)['items']) || (kind !== undefined && !kind.endsWith('List'))) return undefined;
  for (const item of waiting) reader.add(item, itemContext(kind, textOf(objectOf(list)['apiVersion'])));
  for (const [code, where] of met) troubles.add(code, where);
  return reader.content(textOf(objectOf(objectOf(list)['metadata'])['resourceVersion']));
}
