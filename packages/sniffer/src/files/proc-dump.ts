import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, createSocketObserver, SOCKET_TCP, SOCKET_UDP, SocketTableParser } from '@nm/core';
import type { Observation } from '@nm/core';
import { parsePodUid } from '../proc/cgroup.ts';
import { readPieces } from '../proc/proc-files.ts';

export type ProcDumpErrorCode = 'proc-dump-unreadable' | 'proc-dump-empty';

export interface ProcDump {
  /** When it was copied, milliseconds since the epoch. */
  readonly at: number;
  readonly observations: readonly Observation[];
  readonly warnings: readonly string[];
}

interface Process {
  readonly pid: number;
  readonly folder: string;
  readonly podUid: string | undefined;
}

const TABLES: readonly (readonly [file: string, protocol: number])[] = [
  ['tcp', SOCKET_TCP],
  ['tcp6', SOCKET_TCP],
  ['udp', SOCKET_UDP],
  ['udp6', SOCKET_UDP],
];
const PID = /^[1-9]\d*$/;
const SOCKET_LINK = /socket:\[(\d+)\]/g;

/**
 * Open connections in a copy of /proc: for each PID folder `cgroup`, `net/tcp`, `net/tcp6`, `ns/net.readlink`, and if
 * they are there `net/udp{,6}` and `fd.readlinks`; `time` (RFC 3339) beside them says when it was copied.
 * @throws AppError proc-dump-unreadable, proc-dump-empty.
 */
export async function loadProcDump(directory: string): Promise<ProcDump> {
  const processes = listProcesses(directory);
  if (processes.length === 0) {
    throw new AppError<ProcDumpErrorCode>(
      'proc-dump-empty',
      `${directory} holds no PID folders with net/tcp; --proc takes a copy of /proc as network-mapper record writes it`,
    );
  }
  const warnings: string[] = [];
  const at = readTime(directory, processes, warnings);
  const observer = createSocketObserver();
  const parser = new SocketTableParser(observer.rows);
  for (const [id, members] of groupByNamespace(processes)) readNamespace(id, members, observer, parser);
  const observations = observer.end(at);
  if (parser.malformed > 0) warnings.push(`${directory}: ${parser.malformed} lines of socket tables could not be read`);
  if (observer.counts.overflow > 0) warnings.push(`${directory}: ${observer.counts.overflow} sockets were left out, there are too many`);
  return Promise.resolve({ at, observations, warnings });
}

function listProcesses(directory: string): Process[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (cause) {
    throw new AppError<ProcDumpErrorCode>(
      'proc-dump-unreadable',
      `--proc ${directory} cannot be read (${reasonOf(cause)}): give a folder with a copy of /proc, one folder a process`,
      {
        cause,
      },
    );
  }
  return names
    .filter((name) => PID.test(name))
    .map((name) => ({
      pid: Number(name),
      folder: join(directory, name),
      podUid: parsePodUid(readOptional(join(directory, name, 'cgroup'))),
    }))
    .filter(({ folder }) => TABLES.some(([file]) => isFile(join(folder, 'net', file))))
    .toSorted((a, b) => a.pid - b.pid);
}

/** Processes by the text of their ns/net link; without one, by pod. */
function groupByNamespace(processes: readonly Process[]): Map<string, Process[]> {
  const groups = new Map<string, Process[]>();
  for (const process of processes) {
    const link = readOptional(join(process.folder, 'ns', 'net.readlink')).trim();
    const id = link === '' ? (process.podUid ?? 'host') : link;
    const group = groups.get(id) ?? [];
    groups.set(id, group);
    group.push(process);
  }
  return groups;
}

function readNamespace(
  id: string,
  members: readonly Process[],
  observer: ReturnType<typeof createSocketObserver>,
  parser: SocketTableParser,
): void {
  const uids = new Set(members.map(({ podUid }) => podUid));
  const [only] = uids;
  // The node's own namespace holds processes of no pod, or of several: its sockets are told apart one by one.
  const isShared = uids.size > 1 || only === undefined;
  const owners = isShared ? readSocketOwners(members) : new Map<number, string>();
  observer.namespace({ id, ...(isShared ? { ownerOf: (inode) => owners.get(inode) } : { podUid: only }) });
  for (const [file, protocol] of TABLES) {
    // Every process of a namespace shows the same table.
    const member = members.find(({ folder }) => isFile(join(folder, 'net', file)));
    if (member === undefined) continue;
    parser.begin(protocol);
    readPieces(join(member.folder, 'net', file), (bytes, length) => parser.push(bytes, length));
    parser.end();
  }
}

function readSocketOwners(members: readonly Process[]): Map<number, string> {
  const owners = new Map<number, string>();
  for (const { folder, podUid } of members) {
    if (podUid === undefined) continue;
    for (const match of readOptional(join(folder, 'fd.readlinks')).matchAll(SOCKET_LINK)) owners.set(Number(match[1]), podUid);
  }
  return owners;
}

function readTime(directory: string, processes: readonly Process[], warnings: string[]): number {
  const text = readOptional(join(directory, 'time')).trim();
  const at = Date.parse(text);
  if (Number.isFinite(at)) return at;
  const newest = processes.reduce((latest, { folder }) => Math.max(latest, statSync(folder).mtimeMs), 0);
  const reason = text === '' ? 'has no file "time"' : `has a file "time" that is not RFC 3339 (${JSON.stringify(text.slice(0, 40))})`;
  warnings.push(`${directory} ${reason}: taken as copied at ${new Date(newest).toISOString()}, the time of its newest folder`);
  return newest;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function readOptional(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The system's code (ENOENT, ENOTDIR, EACCES), without Node's own sentence. */
function reasonOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'unknown reason';
}
