import { isUnified, parsePodUid } from './cgroup.ts';
import { KeptFile, listPids, parseLastPid, readLink, readSmallFile } from './proc-files.ts';

/** More processes than this are not followed; counted. */
export const MAX_PROCESSES = 65_536;
/** A runtime moves its child to another namespace and cgroup right after the fork: young processes are looked at again. */
const YOUNG_MS = 3_000;
/** Numbers are used again and processes move, rarely. */
const LOOK_AGAIN_MS = 30_000;
/** While no process began, the list is read so often: for those that ended, whose owners' addresses nobody uses meanwhile. */
const STILL_MS = 5_000;

export interface LocalProcess {
  readonly pid: number;
  namespace: string;
  podUid: string | undefined;
  /** Its cgroup of version 2 is the pod's own. */
  isUnified: boolean;
}

interface Entry extends LocalProcess {
  readonly bornAt: number;
  lookedAt: number;
  generation: number;
}

export interface ProcessTableCounts {
  /** Processes whose namespace may not be read: SYS_PTRACE is missing. */
  denied: number;
  overflow: number;
}

/** Processes of the node with their network namespace and pod; a refresh looks only at new and young ones. */
export class ProcessTable {
  readonly counts: ProcessTableCounts = { denied: 0, overflow: 0 };
  private readonly root: string;
  private readonly hostNamespace: string;
  private readonly entries = new Map<number, Entry>();
  private generation = 0;
  private listedAt = Number.NEGATIVE_INFINITY;
  private youngestAt = Number.NEGATIVE_INFINITY;
  private readonly loadavg = new KeptFile('/proc/loadavg');
  private lastPid = '';

  /**
   * @param root a procfs, e.g. `/proc`.
   * @param hostNamespace where processes belong whose namespace may not be read and whose cgroup names no pod.
   */
  constructor(root: string, hostNamespace: string) {
    this.root = root;
    this.hostNamespace = hostNamespace;
  }

  /** @returns whether anything changed. @throws when the procfs cannot be listed. */
  refresh(now: number): boolean {
    if (this.isStill(now)) return false;
    this.listedAt = now;
    this.generation += 1;
    let changed = false;
    this.counts.overflow = 0;
    for (const pid of listPids(this.root)) {
      const entry = this.entries.get(pid);
      if (entry !== undefined) {
        entry.generation = this.generation;
        const isDue = now - entry.bornAt < YOUNG_MS || now - entry.lookedAt >= LOOK_AGAIN_MS;
        if (isDue && this.look(entry, now)) changed = true;
      } else if (this.entries.size >= MAX_PROCESSES) this.counts.overflow += 1;
      else if (this.add(pid, now)) changed = true;
    }
    for (const [pid, entry] of this.entries) {
      if (entry.generation === this.generation) continue;
      this.entries.delete(pid);
      changed = true;
    }
    return changed;
  }

  all(): IterableIterator<LocalProcess> {
    return this.entries.values();
  }

  /** No process began since the list was read, and none is young. Only of its own namespace the kernel tells that. */
  private isStill(now: number): boolean {
    if (this.root !== '/proc') return false;
    // Read before the list: what begins in between is noticed the next time.
    const last = parseLastPid(this.loadavg.text());
    const hasBegun = last === '' || last !== this.lastPid;
    this.lastPid = last;
    return !hasBegun && now - this.listedAt < STILL_MS && now - this.youngestAt >= YOUNG_MS + 1_000;
  }

  private add(pid: number, now: number): boolean {
    const entry: Entry = {
      pid,
      namespace: '',
      podUid: undefined,
      isUnified: false,
      bornAt: now,
      lookedAt: now,
      generation: this.generation,
    };
    if (!this.look(entry, now)) return false;
    this.entries.set(pid, entry);
    this.youngestAt = now;
    return true;
  }

  private look(entry: Entry, now: number): boolean {
    const folder = `${this.root}/${entry.pid}`;
    const link = readLink(`${folder}/ns/net`);
    const isDenied = 'error' in link && (link.error === 'EACCES' || link.error === 'EPERM');
    // Spread the next look, so that not all processes of a node fall due in the same scan.
    entry.lookedAt = now - (now - entry.bornAt < YOUNG_MS ? (entry.pid % 16) * 1_000 : 0);
    if ('error' in link && !isDenied) return false;
    if (isDenied) this.counts.denied += 1;
    const cgroup = readSmallFile(`${folder}/cgroup`);
    const podUid = 'text' in cgroup ? parsePodUid(cgroup.text) : undefined;
    const namespace = 'target' in link ? link.target : podUid === undefined ? this.hostNamespace : `cgroup:${podUid}`;
    entry.isUnified = 'text' in cgroup && isUnified(cgroup.text);
    if (namespace === entry.namespace && podUid === entry.podUid) return false;
    entry.namespace = namespace;
    entry.podUid = podUid;
    return true;
  }
}
