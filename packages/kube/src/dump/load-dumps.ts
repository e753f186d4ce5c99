import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterChange } from '@nm/core';
import { instantOf, optional } from '../objects/fields.ts';
import { createDumpHistory, isOlder } from './dump-history.ts';
import type { DumpHistory, DumpTime, Scope } from './dump-history.ts';
import { toContent } from './entries.ts';
import type { DumpContent } from './entries.ts';
import { findDumpGroups } from './find-files.ts';
import type { DumpGroup } from './find-files.ts';
import { parseDocuments } from './parse-documents.ts';
import { readText } from './read-text.ts';
import { streamList } from './stream-list.ts';
import { createTroubleCount } from './warnings.ts';
import type { DumpWarning, TroubleCount } from './warnings.ts';
import { applyWatchStream } from './watch-stream.ts';

export interface LoadDumpsOptions {
  readonly onWarning?: (warning: DumpWarning) => void;
  readonly signal?: AbortSignal;
}

/** Files whose modification time is this close after their newest object were not copied since: it is when they were taken. */
const FRESH_MS = 10 * 60_000;

interface LoadedFile {
  readonly path: string;
  readonly contents: readonly DumpContent[];
  readonly modifiedAt: number;
  readonly newestAt?: number;
}

/**
 * Everything that the dumps and watch streams at `paths` (files or folders) say of a cluster, in the order in which it
 * happened as far as can be known; design: docs/kubernetes-dumps.md. Throws AppError with a DumpErrorCode.
 */
export async function loadDumps(paths: readonly string[], options: LoadDumpsOptions = {}): Promise<ClusterChange[]> {
  const changes: ClusterChange[] = [];
  for await (const part of readDumps(paths, options)) for (const change of part) changes.push(change);
  return changes;
}

/** The same as loadDumps, file by file and in parts of a watch stream: for streams that are too long to hold. */
export async function* readDumps(paths: readonly string[], options: LoadDumpsOptions = {}): AsyncGenerator<readonly ClusterChange[]> {
  const troubles = createTroubleCount();
  const history = createDumpHistory(troubles);
  for (const group of await findDumpGroups(paths)) {
    yield* readFiles(group, history, troubles, options.signal);
    for (const stream of group.streams) yield* applyWatchStream(stream, history, troubles, options.signal);
  }
  if (options.onWarning !== undefined) troubles.report(options.onWarning);
}

async function* readFiles(
  group: DumpGroup,
  history: DumpHistory,
  troubles: TroubleCount,
  signal?: AbortSignal,
): AsyncGenerator<ClusterChange[]> {
  const taken = group.folder === undefined ? undefined : await readTimeFile(group.folder);
  const named: LoadedFile[] = [];
  for (const path of group.files) {
    signal?.throwIfAborted();
    named.push(await loadFile(path, troubles, signal));
  }
  // Files that were named one by one are read in the order given; a folder has only its own evidence.
  const loaded = group.folder === undefined ? named : byTime(named);
  const scope: Scope = loaded.some((file) => file.contents.some(spansNamespaces)) ? 'all' : 'own';
  for (const files of rounds(loaded)) {
    const newestAt = latest(files.map((file) => file.newestAt));
    for (const file of files) {
      const time = dumpTime(taken, newestAt, file.modifiedAt);
      if (time.goneAt === undefined && file.contents.some((content) => content.listed.size > 0)) troubles.add('no-time', file.path);
      yield file.contents.flatMap((content) => history.applyList(content, time, scope, file.path));
    }
  }
}

async function loadFile(path: string, troubles: TroubleCount, signal?: AbortSignal): Promise<LoadedFile> {
  const { contents, modifiedAt } = await readContents(path, troubles, signal);
  const newestAt = latest(
    contents.flatMap((content) =>
      content.items.map((item) => (item.type === 'event' ? (item.time ?? item.entry.newestAt) : item.entry.newestAt)),
    ),
  );
  return { path, contents, modifiedAt, ...optional('newestAt', newestAt) };
}

async function readContents(
  path: string,
  troubles: TroubleCount,
  signal?: AbortSignal,
): Promise<Pick<LoadedFile, 'contents' | 'modifiedAt'>> {
  const list = await streamList(path, troubles, signal);
  if (list !== undefined) return { contents: [list], modifiedAt: (await stat(path)).mtimeMs };
  const { text, modifiedAt } = await readText(path, signal);
  const { documents, truncated } = parseDocuments(text, path);
  if (truncated) troubles.add('truncated', path);
  if (documents.length === 0) troubles.add('empty-file', path);
  const contents = documents.map((document, index) =>
    toContent(document, documents.length === 1 ? path : `${path} document ${index + 1}`, troubles),
  );
  return { contents, modifiedAt };
}

/**
 * Files by when they were taken: the n-th lists of each kind belong together, and tell each other the time. Where a
 * folder holds several lists of one kind (pods-before.json, pods-after.json), their order is known by then.
 */
function rounds(files: readonly LoadedFile[]): LoadedFile[][] {
  const seen = new Map<string, number>();
  const found: LoadedFile[][] = [];
  for (const file of files) {
    const kinds = kindsOf(file);
    const round = Math.max(0, ...[...kinds].map((kind) => seen.get(kind) ?? 0));
    for (const kind of kinds) seen.set(kind, (seen.get(kind) ?? 0) + 1);
    (found[round] ??= []).push(file);
  }
  return found.filter((round) => round !== undefined);
}

/** Sorted so that, of two lists of one kind, the one with older states comes first; else by name as they come. */
function byTime(files: readonly LoadedFile[]): LoadedFile[] {
  const sorted: LoadedFile[] = [];
  for (const file of files) {
    const later = sorted.findIndex((other) => isBefore(file, other));
    sorted.splice(later === -1 ? sorted.length : later, 0, file);
  }
  return sorted;
}

/** By the versions of the objects that both hold, else by the times of files that were not copied since. */
function isBefore(file: LoadedFile, other: LoadedFile): boolean {
  const kinds = kindsOf(other);
  if (![...kindsOf(file)].some((kind) => kinds.has(kind))) return false;
  const versions = new Map(other.contents.flatMap((content) => content.items).map(({ entry }) => [entry.identity, entry.resourceVersion]));
  let older = 0;
  let newer = 0;
  for (const { entry } of file.contents.flatMap((content) => content.items)) {
    const version = versions.get(entry.identity);
    if (isOlder(entry.resourceVersion, version)) older += 1;
    else if (isOlder(version, entry.resourceVersion)) newer += 1;
  }
  if (older !== newer) return older > newer;
  return isFresh(file) && isFresh(other) && other.modifiedAt - file.modifiedAt >= 1000;
}

function isFresh({ modifiedAt, newestAt }: LoadedFile): boolean {
  return newestAt !== undefined && modifiedAt >= newestAt && modifiedAt - newestAt <= FRESH_MS;
}

function kindsOf(file: LoadedFile): ReadonlySet<string> {
  return new Set(file.contents.flatMap((content) => [...content.listed]));
}

/**
 * A dump was taken after the newest instant that its objects tell of, and before its file was last written. What is
 * missing is gone by the later of the two: too late does no harm, because a later owner of an address wins over an
 * earlier one; too early would take an address from a pod that still used it.
 */
function dumpTime(taken: number | undefined, newestAt: number | undefined, modifiedAt: number): DumpTime {
  if (taken !== undefined) return { seenAt: taken, goneAt: taken };
  // Objects without any instant: written by hand, so the file's time says nothing either.
  if (newestAt === undefined) return {};
  const isNear = modifiedAt >= newestAt && modifiedAt - newestAt <= FRESH_MS;
  return { seenAt: isNear ? modifiedAt : newestAt, goneAt: Math.max(newestAt, modifiedAt) };
}

/** A list over several namespaces was taken with -A, and with it its whole group. */
function spansNamespaces(content: DumpContent): boolean {
  if (content.listed.size === 0) return false;
  const namespaces = new Set<string>();
  for (const { entry } of content.items) if (entry.namespace !== '') namespaces.add(entry.namespace);
  return namespaces.size > 1;
}

/** `time` in a dump folder: when it was taken, in RFC 3339. */
async function readTimeFile(folder: string): Promise<number | undefined> {
  const path = join(folder, 'time');
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  return isFile ? instantOf((await readFile(path, 'utf8')).trim()) : undefined;
}

function latest(instants: readonly (number | undefined)[]): number | undefined {
  let newest: number | undefined;
  for (const instant of instants) if (instant !== undefined && (newest === undefined || instant > newest)) newest = instant;
  return newest;
}
