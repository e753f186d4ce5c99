import { createSocketObserver, SOCKET_TCP, SOCKET_UDP, SocketTableParser } from '@nm/core';
import type { Observation, SocketListener, SocketObserver } from '@nm/core';
import type { LocalNamespace, NodeView } from '../proc/node-view.ts';
import { readPieces, readText } from '../proc/proc-files.ts';
import { parseSocketsInUse, SocketCounterFile } from '../proc/socket-counters.ts';
import type { SocketCounters, SocketsInUse } from '../proc/socket-counters.ts';
import type { SocketDiag } from './socket-diag.ts';
import { ReadSchedule, tcpCounter } from './read-schedule.ts';
import type { ReadReason } from './read-schedule.ts';

export interface SocketScannerDeps {
  readonly view: NodeView;
  /** Tells the node's own TCP sockets without reading its tables. */
  readonly diag: Pick<SocketDiag, 'addTo'>;
  /** Called between pieces of a long table, so that the capture ring is emptied meanwhile. */
  readonly onPause: () => void;
  /** Connection attempts seen as packets so far. */
  readonly attemptsSeen: () => number;
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
  /** The last look found connections of a kind that was not there, and that stay. */
  readonly hasNews: boolean;
  readonly counts: Readonly<SocketScannerCounts>;
  readonly observer: SocketObserver;
}

interface Due {
  readonly namespace: LocalNamespace;
  readonly table: Table;
  readonly counter: number;
  readonly open: number;
  /** Undefined: the slow pass, or the first time. */
  readonly reason: ReadReason | undefined;
}

interface Done extends Due {
  readonly costMs: number;
}

interface Table {
  readonly id: string;
  readonly protocol: typeof SOCKET_TCP | typeof SOCKET_UDP;
  readonly schedule: ReadSchedule;
}

const MIN_GAP_MS: Readonly<Record<number, number>> = {
  [SOCKET_TCP]: 900,
  // Every DNS question moves the UDP counters; connected UDP sockets live longer.
  [SOCKET_UDP]: 30_000,
};
/** All tables together may take this share of a core in the long run, and so much at once, at the start and later. */
const CPU_SHARE = 0.02;
const FIRST_CREDIT_MS = 1_000;
const MAX_CREDIT_MS = 200;
/** Of it, reads because connections come and go; and where their attempts are seen as packets anyway. */
const PASSING_SHARE = 0.001;
const SEEN_PASSING_SHARE = 0.000_15;
/** After so long without any attempt, packets may go where nobody sees them. */
const UNSEEN_AFTER_MS = 60_000;
const MAX_PASSING_CREDIT_MS = 50;
/** Namespaces whose counters are kept open; more are opened each time. */
const MAX_KEPT_FILES = 1_024;
/** The slow pass over tables whose counters stand still; a new listener of the node itself moves none. */
const FULL_MS = 30 * 60 * 1000;
const HOST_FULL_MS = 60_000;

export function createSocketScanner(deps: SocketScannerDeps): SocketScanner {
  const observer = createSocketObserver();
  const parser = new SocketTableParser(observer.rows);
  const tables = new Map<string, readonly Table[]>();
  const files = new Map<string, SocketCounterFile>();
  const counts: SocketScannerCounts = { tableReads: 0, malformed: 0, unreadable: 0 };
  let hostId = '';
  let hasNews = false;
  let credit = FIRST_CREDIT_MS;
  let passingCredit = 0;
  let polledAt: number | undefined;
  let attemptsSeen = 0;
  let attemptSeenAt = Number.NEGATIVE_INFINITY;

  const tablesOf = (namespace: LocalNamespace): readonly Table[] => {
    const known = tables.get(namespace.id);
    if (known !== undefined) return known;
    const made = ([SOCKET_TCP, SOCKET_UDP] as const).map((protocol): Table => ({
      id: tableId(namespace.id, protocol),
      protocol,
      schedule: new ReadSchedule(MIN_GAP_MS[protocol] ?? 0),
    }));
    tables.set(namespace.id, made);
    return made;
  };

  const countersOf = (namespace: LocalNamespace): SocketCounters | undefined => {
    const file = files.get(namespace.id) ?? new SocketCounterFile();
    if (!file.isOpen) {
      const folder = deps.view.folderOf(namespace);
      if (folder === undefined) return undefined;
      file.open(folder);
    }
    const found = file.read();
    if (files.has(namespace.id)) return found;
    if (files.size < MAX_KEPT_FILES) files.set(namespace.id, file);
    else file.close();
    return found;
  };

  /** Files of the table that can have anything in them. */
  const filesOf = (table: Table, inUse: SocketsInUse | undefined): readonly string[] => {
    if (table.protocol === SOCKET_UDP) return ['udp', 'udp6'];
    if (inUse === undefined || inUse.timeWait > 0) return ['tcp', 'tcp6'];
    return [...(inUse.tcp > 0 ? ['tcp'] : []), ...(inUse.tcp6 > 0 ? ['tcp6'] : [])];
  };

  /** @returns what it cost, milliseconds of CPU time. */
  const read = (namespace: LocalNamespace, table: Table, folder: string, inUse: SocketsInUse | undefined): number => {
    const startedAt = deps.cpuMs();
    observer.namespace({
      id: table.id,
      ...(namespace.podUid === undefined ? {} : { podUid: namespace.podUid }),
      ...(namespace.isHost ? { ownerOf: (inode: number) => deps.view.ownerOfSocket(inode) } : {}),
    });
    let paused = 0;
    const isTold = namespace.isHost && table.protocol === SOCKET_TCP && deps.diag.addTo(observer.rows);
    for (const file of isTold ? [] : filesOf(table, inUse)) {
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
    return deps.cpuMs() - startedAt - paused;
  };

  const forgetGone = (present: ReadonlySet<string>): void => {
    for (const [id, gone] of tables) {
      if (present.has(id)) continue;
      for (const table of gone) observer.forget(table.id);
      tables.delete(id);
    }
    // Also where nothing could be read: an open file keeps its namespace alive.
    for (const [id, file] of files) {
      if (present.has(id)) continue;
      file.close();
      files.delete(id);
    }
  };

  /** What is worth reading now; tables whose counters stand still tell their presence without being read. */
  const findDue = (now: number, isSeen: boolean, still: Observation[]): Due[] => {
    const due: Due[] = [];
    const present = new Set<string>();
    for (const namespace of deps.view.namespaces()) {
      present.add(namespace.id);
      const counters = countersOf(namespace);
      if (counters === undefined) {
        counts.unreadable += 1;
        continue;
      }
      if (namespace.isHost) hostId = namespace.id;
      for (const table of tablesOf(namespace)) {
        const isTcp = table.protocol === SOCKET_TCP;
        const counter = isTcp ? tcpCounter(counters) : counters.datagrams;
        const open = isTcp ? counters.open : 0;
        const reason = table.schedule.due(counter, open, now, isSeen);
        const isOld = now - table.schedule.lastReadAt >= (namespace.isHost ? HOST_FULL_MS : FULL_MS);
        if (isOld || reason !== undefined) due.push({ namespace, table, counter, open, reason: isOld ? undefined : reason });
        else if (table.schedule.isStill(counter)) still.push(...observer.still(table.id, now));
      }
    }
    if (present.size < tables.size || present.size < files.size) forgetGone(present);
    // The longest unread first: where all of them keep changing, each gets its turn.
    return due.toSorted((one, other) => one.table.schedule.lastReadAt - other.table.schedule.lastReadAt);
  };

  return {
    observer,
    counts,
    get hasNews() {
      return hasNews;
    },
    poll(now) {
      const still: Observation[] = [];
      const isFirst = polledAt === undefined;
      const sinceMs = now - (polledAt ?? now);
      polledAt = now;
      credit = Math.min(Math.max(MAX_CREDIT_MS, credit), credit + sinceMs * CPU_SHARE);
      if (deps.attemptsSeen() !== attemptsSeen) {
        attemptsSeen = deps.attemptsSeen();
        attemptSeenAt = now;
      }
      const isSeen = now - attemptSeenAt < UNSEEN_AFTER_MS;
      passingCredit = Math.min(MAX_PASSING_CREDIT_MS, passingCredit + sinceMs * (isSeen ? SEEN_PASSING_SHARE : PASSING_SHARE));
      const done: Done[] = [];
      let areOwnersFresh = false;
      for (const one of findDue(now, isSeen, still)) {
        if (credit <= 0) break;
        const { namespace, table } = one;
        if (one.reason === 'passing' && passingCredit <= 0) continue;
        const folder = deps.view.folderOf(namespace);
        if (folder === undefined) continue;
        const before = deps.cpuMs();
        const inUse = table.protocol === SOCKET_TCP && !namespace.isHost ? readSocketsInUse(folder) : undefined;
        // What a namespace that came meanwhile has closed already is what comes and goes.
        const isNew = !isFirst && table.schedule.lastReadAt === Number.NEGATIVE_INFINITY;
        const reason = isNew && hasOnlyClosed(inUse) ? 'passing' : one.reason;
        if (reason === 'passing' && passingCredit <= 0) continue;
        if (namespace.isHost && !areOwnersFresh) {
          deps.view.findSocketOwners();
          areOwnersFresh = true;
        }
        done.push({ ...one, reason, costMs: read(namespace, table, folder, inUse) });
        const spent = deps.cpuMs() - before;
        credit -= spent;
        if (reason === 'passing') passingCredit -= spent;
        deps.onPause();
      }
      const fresh = observer.end(now);
      hasNews = false;
      for (const { table, counter, open, reason, costMs } of done) {
        const found = observer.newGroups(table.id) > 0;
        table.schedule.read(counter, open, now, costMs, reason, found);
        if (found && reason !== 'passing') hasNews = true;
      }
      counts.malformed = parser.malformed;
      return [...still, ...fresh];
    },
    hostListeners: () => [...observer.listeners(tableId(hostId, SOCKET_TCP)), ...observer.listeners(tableId(hostId, SOCKET_UDP))],
  };
}

function tableId(namespaceId: string, protocol: number): string {
  return `${namespaceId}/${protocol}`;
}

function readSocketsInUse(folder: string): SocketsInUse | undefined {
  return parseSocketsInUse(readText(`${folder}/net/sockstat`), readText(`${folder}/net/sockstat6`));
}

function hasOnlyClosed(inUse: SocketsInUse | undefined): boolean {
  return inUse !== undefined && inUse.tcp + inUse.tcp6 === 0 && inUse.timeWait > 0;
}
