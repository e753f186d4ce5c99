import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import { CLUSTER_RESOURCES, isKubeError, readByteLines } from '@nm/kube';
import type { KubeClient, WatchedResource } from '@nm/kube';
import { toRfc3339 } from '@nm/core';
import { delay } from '../live/mapper-client.ts';
import { writeTo } from '../output/write.ts';
import { makeFolder, streamPrivate, writePrivate } from './private-files.ts';

/** Bound on one line of a watch; an object in etcd is at most 1.5 MiB by default. */
const MAX_EVENT_BYTES = 32 * 1024 * 1024;
/** A list names its version before its items; so far it is looked for. */
const HEAD_BYTES = 4096;
const RETRY_MS = 1_000;

export interface RecordedCluster {
  /** Objects files and, of them, those whose changes were followed. */
  readonly kinds: number;
  readonly events: number;
  /** What could not be read, a line each. */
  readonly trouble: readonly string[];
}

/**
 * Writes what the map is made from (docs/kubernetes-dumps.md) into a folder: a list of each kind, the time of the
 * lists, then until the signal everything that changes. Bytes go to the files as they come.
 */
export async function recordCluster(
  client: KubeClient,
  folder: string,
  hooks: { readonly now: () => number; readonly onListed: (kinds: number) => Promise<void> },
  signal: AbortSignal,
  untilSignal: AbortSignal,
): Promise<RecordedCluster> {
  await makeFolder(folder);
  const trouble: string[] = [];
  const listed: { readonly resource: WatchedResource; readonly path: string; readonly version: string }[] = [];
  for (const resource of CLUSTER_RESOURCES) {
    try {
      const found = await writeList(client, resource, join(folder, `${resource.name}.json`), signal);
      if (found !== undefined) listed.push({ resource, ...found });
    } catch (error) {
      if (signal.aborted || !isKubeError(error) || error.code !== 'kube-forbidden') throw error;
      trouble.push(`${resource.name}: not allowed to list them; the map will lack what they tell`);
    }
  }
  await writePrivate(join(folder, 'time'), `${toRfc3339(hooks.now())}\n`);
  await hooks.onListed(listed.length);
  const counts = await Promise.all(
    listed.map(async ({ resource, path, version }) => {
      const file = join(folder, `${resource.name}.ndjson`);
      const { events, reason } = await writeChanges(client, path, version, file, hooks.now, untilSignal);
      if (reason !== undefined) trouble.push(`${resource.name}: changes were followed only in part (${reason})`);
      if (events === 0) await rm(file, { force: true });
      return events;
    }),
  );
  return { kinds: listed.length, events: counts.reduce((sum, count) => sum + count, 0), trouble };
}

/** A whole list, in one answer; undefined where the cluster does not have the kind. */
async function writeList(
  client: KubeClient,
  resource: WatchedResource,
  file: string,
  signal: AbortSignal,
): Promise<{ readonly path: string; readonly version: string } | undefined> {
  for (const { path } of resource.versions) {
    try {
      // Owners are read as whole objects too: a list of bare metadata does not say what kind its items are.
      const chunks = await client.stream(path, { signal });
      const output = streamPrivate(file);
      let head = '';
      try {
        for await (const chunk of chunks) {
          if (head.length < HEAD_BYTES) head += chunk.toString('latin1');
          await writeTo(output, chunk);
        }
      } finally {
        await end(output);
      }
      return { path, version: /"resourceVersion":\s*"(\d+)"/.exec(head)?.[1] ?? '0' };
    } catch (error) {
      if (!isKubeError(error) || error.code !== 'kube-not-found') throw error;
    }
  }
  return undefined;
}

async function writeChanges(
  client: KubeClient,
  path: string,
  from: string,
  file: string,
  now: () => number,
  signal: AbortSignal,
): Promise<{ readonly events: number; readonly reason?: string }> {
  const output = streamPrivate(file);
  let version = from;
  let events = 0;
  try {
    while (!signal.aborted) {
      try {
        const query = new URLSearchParams({ watch: '1', resourceVersion: version, allowWatchBookmarks: 'true' });
        const chunks = (await client.stream(`${path}?${query.toString()}`, { signal, idleTimeoutMs: 3_600_000 })) as AsyncIterable<Buffer>;
        for await (const lines of readByteLines(chunks, MAX_EVENT_BYTES)) {
          for (const line of lines) {
            const event = line === undefined ? undefined : parseEvent(line);
            if (event === undefined) continue;
            if (event.type === 'ERROR') return { events, reason: 'the API no longer knew the version to go on from' };
            version = event.version ?? version;
            if (event.type === 'BOOKMARK') continue;
            events += 1;
            await writeTo(output, `{"time":"${toRfc3339(now())}",${(line ?? '').trim().slice(1)}\n`);
          }
        }
      } catch (error) {
        if (signal.aborted) break;
        if (!isKubeError(error)) throw error;
        if (error.code === 'kube-forbidden' || error.code === 'kube-expired') return { events, reason: error.message };
      }
      await delay(RETRY_MS, signal);
    }
    return { events };
  } finally {
    await end(output);
  }
}

function parseEvent(line: string): { readonly type: string; readonly version?: string } | undefined {
  try {
    const { type, object } = JSON.parse(line) as {
      readonly type?: unknown;
      readonly object?: { readonly metadata?: { readonly resourceVersion?: unknown } };
    };
    const version = object?.metadata?.resourceVersion;
    return typeof type === 'string' ? { type, ...(typeof version === 'string' && { version }) } : undefined;
  } catch {
    return undefined;
  }
}

async function end(output: Writable): Promise<void> {
  output.end();
  await finished(output);
}
