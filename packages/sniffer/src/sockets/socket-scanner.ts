import { createSocketObserver, SOCKET_TCP, SOCKET_UDP, SocketTableParser } from '@nm/core';
import type { Observation, SocketListener, SocketObserver } from '@nm/core';
import type { LocalNamespace, NodeView } from '../proc/node-view.ts';
import { readPieces, readText } from '../proc/proc-files.ts';
import { parseSocketCounters } from '../proc/snmp.ts';
import type { SocketCounters } from '../proc/snmp.ts';

export interface SocketScannerDeps {
  readonly view: NodeView;
  /** Called between pieces of a long table, so that the capture ring is emptied meanwhile. */
  readonly onPause: () => void;
  /** CPU time of this process, milliseconds: what a read costs, however busy the machine is. */
  readonly cpuMs: () => number;
}

export interface SocketScannerCounts {
  tableReads: number;
  malformed: number;
  /** Namespaces with no process left to read through. */
  unreadable: number;
}

/** Open connections of all namespaces; only tables of namespaces whose counters moved are read. */
export interface SocketScanner {
  /** Looks at all counters and at what they point to. Call about once a second. */
  poll(now: number): Observation[];
  /** What listens in the node's own namespace. */
  hostListeners(): readonly SocketListener[];
  readonly counts: Readonly<SocketScannerCounts>;
  readonly observer: SocketObserver;
}

interface Due {
  readonly namespace: LocalNamespace;
  readonly table: Table;
  readonly counter: number;
}

interface Table {
  readonly namespaceId: string;
  readonly protocol: typeof SOCKET_TCP | typeof SOCKET_UDP;
  readonly files: readonly string[];
  counter: number;
  readAt: number;
  costMs: number;
}

/** A table is read again after this multiple of what reading it cost, so that a large one does not keep the others waiting. */
const COST_MULTIPLE = 40;
const MIN_GAP_MS: Readonly<Record<number, number>> = {
  [SOCKET_TCP]: 900,
  // Every DNS question moves the UDP counters; connected UDP sockets live longer.
  [SOCKET_UDP]: 30_000,
};
/** All tables together may take this share of a core in the long run, and so much at once (at the start). */
const CPU_SHARE = 0.02;
const MAX_CREDIT_MS = 1_000;
/** The slow pass over tables whose counters stand still; a new listener of the node itself moves none. */
const FULL_MS = 30 * 60 * 1000;
const HOST_FULL_MS = 60_000;

export function createSocketScanner(deps: SocketScannerDeps): SocketScanner {
  const observer = createSocketObserver();
  const parser = new SocketTableParser(observer.rows);
  const tables = new Map<string, readonly Table[]>();
  const readings = new Map<string, CounterReading>();
  const counts: SocketScannerCounts = { tableReads: 0, malformed: 0, unreadable: 0 };
  let hostId = '';
  let credit = MAX_CREDIT_MS;
  let polledAt = 0;

  const tablesOf = (namespace: LocalNamespace): readonly Table[] => {
    const known = tables.get(namespace.id);
    if (known !== undefined) return known;
    const made: Table[] = [
      { namespaceId: namespace.id, protocol: SOCKET_TCP, files: ['tcp', 'tcp6'], counter: -1, readAt: Number.NEGATIVE_INFINITY, costMs: 0 },
      { namespaceId: namespace.id, protocol: SOCKET_UDP, files: ['udp', 'udp6'], counter: -1, readAt: Number.NEGATIVE_INFINITY, costMs: 0 },
    ];
    tables.set(namespace.id, made);
    return made;
  };

  const isDue = (namespace: LocalNamespace, table: Table, counter: number, now: number): boolean => {
    const age = now - table.readAt;
    if (age >= (namespace.isHost ? HOST_FULL_MS : FULL_MS)) return true;
    const gap = Math.max(MIN_GAP_MS[table.protocol] ?? 0, table.costMs * COST_MULTIPLE);
    return counter !== table.counter && age >= gap;
  };

  const read = (namespace: LocalNamespace, table: Table, folder: string): void => {
    const startedAt = deps.cpuMs();
    observer.namespace({
      id: tableId(table),
      ...(namespace.podUid === undefined ? {} : { podUid: namespace.podUid }),
      ...(namespace.isHost ? { ownerOf: (inode: number) => deps.view.ownerOfSocket(inode) } : {}),
    });
    let paused = 0;
    for (const file of table.files) {
      parser.begin(table.protocol);
      readPieces(`${folder}/net/${file}`, (bytes, length) => {
        parser.push(bytes, length);
        const pausedAt = deps.cpuMs();
        deps.onPause();
        paused += deps.cpuMs() - pausedAt;
      });
      parser.end();
    }
    counts.tableReads += 1;
    table.costMs = deps.cpuMs() - startedAt - paused;
  };

  const forgetGone = (present: ReadonlySet<string>): void => {
    for (const [id, gone] of tables) {
      if (present.has(id)) continue;
      for (const table of gone) observer.forget(tableId(table));
      tables.delete(id);
      readings.delete(id);
    }
  };

  /** What is worth reading now; tables whose counters stand still tell their presence without being read. */
  const findDue = (now: number, still: Observation[]): Due[] => {
    const due: Due[] = [];
    const present = new Set<string>();
    for (const namespace of deps.view.namespaces()) {
      present.add(namespace.id);
      const found = readCounters(deps.view, namespace, readings.get(namespace.id));
      if (found === undefined) {
        counts.unreadable += 1;
        continue;
      }
      readings.set(namespace.id, found);
      if (namespace.isHost) hostId = namespace.id;
      for (const table of tablesOf(namespace)) {
        const counter = table.protocol === SOCKET_TCP ? found.counters.tcp : found.counters.udp;
        if (isDue(namespace, table, counter, now)) due.push({ namespace, table, counter });
        else if (counter === table.counter) still.push(...observer.still(tableId(table), now));
      }
    }
    if (present.size < tables.size) forgetGone(present);
    // The longest unread first: where all of them keep changing, each gets its turn.
    return due.toSorted((one, other) => one.table.readAt - other.table.readAt);
  };

  return {
    observer,
    counts,
    poll(now) {
      const still: Observation[] = [];
      credit = Math.min(MAX_CREDIT_MS, credit + (now - polledAt) * CPU_SHARE);
      polledAt = now;
      let areOwnersFresh = false;
      for (const { namespace, table, counter } of findDue(now, still)) {
        if (credit <= 0) break;
        const folder = deps.view.folderOf(namespace);
        if (folder === undefined) continue;
        const before = deps.cpuMs();
        if (namespace.isHost && !areOwnersFresh) {
          deps.view.findSocketOwners();
          areOwnersFresh = true;
        }
        read(namespace, table, folder);
        table.counter = counter;
        table.readAt = now;
        credit -= deps.cpuMs() - before;
        deps.onPause();
      }
      const fresh = observer.end(now);
      counts.malformed = parser.malformed;
      return [...still, ...fresh];
    },
    hostListeners: () => [...observer.listeners(`${hostId}/${SOCKET_TCP}`), ...observer.listeners(`${hostId}/${SOCKET_UDP}`)],
  };
}

function tableId(table: Pick<Table, 'namespaceId' | 'protocol'>): string {
  return `${table.namespaceId}/${table.protocol}`;
}

/** What net/snmp of a namespace said last, and through which process. */
interface CounterReading {
  readonly folder: string;
  readonly text: string;
  readonly counters: SocketCounters;
}

/**
 * Counters of a namespace through a process that is in it. As long as they stand still, nobody checks that the process
 * is still in there: a number that another process took over shows other counters.
 */
function readCounters(view: NodeView, namespace: LocalNamespace, last: CounterReading | undefined): CounterReading | undefined {
  if (last !== undefined && readText(`${last.folder}/net/snmp`) === last.text) return last;
  const folder = view.folderOf(namespace);
  if (folder === undefined) return undefined;
  const text = readText(`${folder}/net/snmp`);
  const counters = parseSocketCounters(text);
  return counters === undefined ? undefined : { folder, text, counters };
}
