import { readdir, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { dumpError } from './dump-error.ts';

/** Files that are read together: one folder, or files named one by one. */
export interface DumpGroup {
  readonly files: readonly string[];
  readonly streams: readonly string[];
  /** Folder whose file `time` says when the dump was taken, if it has one. */
  readonly folder?: string;
}

const IS_DUMP = /\.(json|ya?ml)(\.gz)?$/i;
const IS_STREAM = /\.(ndjson|jsonl)(\.gz)?$/i;
const ORDER = new Intl.Collator('en', { numeric: true });

/**
 * The files below each path, in the order given; within folders by name, numbers by value. Folders below a folder are
 * groups of their own; hidden ones and hidden files are left alone. Files named one by one are one group up to the next
 * folder or watch stream.
 */
export async function findDumpGroups(paths: readonly string[]): Promise<DumpGroup[]> {
  const groups: DumpGroup[] = [];
  let named: string[] = [];
  const closeNamed = (): void => {
    if (named.length > 0) groups.push({ files: named, streams: [] });
    named = [];
  };
  for (const path of paths) {
    if (await isFolder(path)) {
      closeNamed();
      groups.push(...(await folderGroups(path)));
    } else if (IS_STREAM.test(path)) {
      closeNamed();
      groups.push({ files: [], streams: [path] });
    } else named.push(path);
  }
  closeNamed();
  return groups;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw dumpError('dump-unreadable', path, `cannot be read (${reasonOf(cause)}); name a file or folder with kubectl output`, cause);
  }
}

async function folderGroups(root: string): Promise<DumpGroup[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw dumpError('dump-unreadable', root, `cannot be listed (${reasonOf(cause)})`, cause);
  });
  const found = entries
    .filter((entry) => !entry.isDirectory() && (IS_DUMP.test(entry.name) || IS_STREAM.test(entry.name)))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !isHidden(relative(root, file)))
    .toSorted((a, b) => ORDER.compare(dirname(a), dirname(b)) || ORDER.compare(a, b));
  if (found.length === 0) throw dumpError('dump-empty', root, 'holds no .json, .yaml, .yml, .ndjson or .jsonl file (nor .gz of those)');
  const byFolder = Map.groupBy(found, (file) => dirname(file));
  return [...byFolder].map(([folder, files]) => ({
    folder,
    files: files.filter((file) => !IS_STREAM.test(file)),
    streams: files.filter((file) => IS_STREAM.test(file)),
  }));
}

/** What macOS and editors put beside files, and what a mounted ConfigMap holds besides its files' names. */
function isHidden(path: string): boolean {
  return path.split(sep).some((part) => part.startsWith('.'));
}

export function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : String(cause);
  return code === 'ENOENT' ? 'there is no such file or folder' : code;
}
