import { CONFIG_HASH_ANNOTATION, resolveIdentity, siblingKey, siblingsOf } from './identity.ts';
import type { IdentityOptions } from './identity.ts';
import { LabelIndex } from './label-index.ts';
import type { LabelSet } from './label-index.ts';
import { forgetAnswers } from './pod-answers.ts';
import { createPodEntry } from './pod-entry.ts';
import type { PodEntry, PodInterval } from './pod-entry.ts';
import { restoreTimes, setTimes } from './pod-lifetime.ts';
import type { OwnerRecord, OwnerRef, PodRecord } from './records.ts';
import { SharedParts } from './shared-parts.ts';
import type { TimeEpochs } from './time-epochs.ts';

/** A Service without a pod at a time: pods this close still say what it stands for. */
export const NEAREST_PODS_MS = 10 * 60 * 1000;

/**
 * Which pod had which address when, and whose pod it is (rules 6, 7, 11). Pods stay after their end until `prune`.
 */
export class PodHistory {
  private readonly byUid = new Map<string, PodEntry>();
  /** The only pod that ever had the address, as nearly always, or all by their starts. */
  private readonly byAddress = new Map<string, PodEntry | PodEntry[]>();
  private readonly byNamespace = new Map<string, Set<PodEntry>>();
  private readonly byWorkload = new Map<string, Set<PodEntry>>();
  private readonly staticByHash = new Map<string, PodEntry>();
  private readonly hostNetwork = new Map<string, Set<PodEntry>>();
  private readonly hostPorts = new Map<string, Set<PodEntry>>();
  private readonly owners = new Map<string, OwnerRecord>();
  /** Who owns the ReplicaSets and Jobs of one controller, by siblingKey. */
  private readonly siblings = new Map<string, OwnerRef>();
  /** Pods whose chain of owners was cut, by what may lengthen it: an owner's UID or a siblingKey. */
  private readonly waiting = new Map<string, Set<PodEntry>>();
  private readonly identity: IdentityOptions;
  private readonly labels = new LabelIndex();
  private readonly goneOwners = new Set<string>();
  private readonly parts = new SharedParts();

  private readonly epochs: TimeEpochs;

  constructor(identity: IdentityOptions, epochs: TimeEpochs) {
    this.identity = identity;
    this.epochs = epochs;
  }

  get size(): number {
    return this.byUid.size;
  }

  apply(told: PodRecord, at: number | undefined, deleted: boolean): PodEntry {
    const known = this.byUid.get(told.uid);
    const record = this.parts.share(told, known?.record);
    const entry = known ?? createPodEntry(record);
    const previous = entry.record;
    if (known !== undefined && previous.labels !== record.labels) this.labels.remove(entry);
    entry.record = record;
    entry.deleted = entry.deleted || deleted;
    setTimes(entry, at, deleted);
    entry.peer = undefined;
    forgetAnswers(entry);
    this.addBoundaries(entry);
    if (known === undefined) {
      this.byUid.set(record.uid, entry);
      setOf(this.byNamespace, record.namespace).add(entry);
    }
    if (
      known === undefined ||
      previous.labels !== record.labels ||
      previous.owners !== record.owners ||
      previous.annotations !== record.annotations
    )
      this.identify(entry);
    this.indexAddresses(entry, known === undefined ? undefined : previous);
    this.labels.add(entry);
    return entry;
  }

  applyOwner(record: OwnerRecord): void {
    const known = this.owners.get(record.uid);
    this.owners.set(record.uid, record);
    if (known !== undefined && known.owners.length === record.owners.length) return;
    this.ownerAppeared(record.uid);
    const key = this.learnSibling(record);
    if (key !== undefined) this.ownerAppeared(key);
  }

  private learnSibling(record: OwnerRecord): string | undefined {
    const found = siblingsOf(record);
    if (found !== undefined) this.siblings.set(found.key, found.above);
    return found?.key;
  }

  /** The pod with a UID as the node's cgroups name it: metadata.uid, or a static pod's hash on that node. */
  byPodUid(uid: string, node: string | undefined): PodEntry | undefined {
    return this.byUid.get(uid) ?? this.staticByHash.get(`${node ?? ''}|${uid}`);
  }

  /** Owner of an address at a time: of several, the one that could talk already, then the later start. */
  ownerAt(address: string, at: number): PodEntry | undefined {
    const owners = this.byAddress.get(address);
    if (owners === undefined) return undefined;
    const latest = Array.isArray(owners) ? owners[owners.length - 1] : owners;
    if (latest === undefined) return undefined;
    const second = Math.floor(at / 1_000);
    if (second >= latest.sureFrom && second < latest.sureTo) return latest;
    if (Array.isArray(owners)) return ownerOf(owners, at);
    return owners.from <= at && at < owners.to ? owners : undefined;
  }

  hasEverOwned(address: string): boolean {
    return this.byAddress.has(address);
  }

  inNamespace(namespace: string): Iterable<PodEntry> {
    return this.byNamespace.get(namespace) ?? [];
  }

  /** Pods of the workloads of a name, of whatever kind. */
  ofWorkload(namespace: string, name: string): Iterable<PodEntry> {
    return this.byWorkload.get(`${namespace}/${name}`) ?? [];
  }

  /** Pods among which are all that a selector (of at least one pair) selects, kept up to date. */
  candidates(namespace: string, selector: Readonly<Record<string, string>>): LabelSet | undefined {
    return this.labels.candidates(namespace, selector, () => this.byUid.values());
  }

  onHostNetwork(node: string): Iterable<PodEntry> {
    return this.hostNetwork.get(node) ?? [];
  }

  /** Pods on a node that publish a port of the node. */
  withHostPort(node: string, port: number): Iterable<PodEntry> {
    return this.hostPorts.get(`${node}|${port}`) ?? [];
  }

  all(): Iterable<PodEntry> {
    return this.byUid.values();
  }

  /**
   * Forgets pods that ended before `before`, those that ended first of more than `maxGone` deleted ones, and owners that
   * no pod needs any more. Returns how many pods went.
   */
  prune(before: number, maxGone = Number.POSITIVE_INFINITY): number {
    let removed = 0;
    const gone: PodEntry[] = [];
    for (const entry of this.byUid.values()) {
      if (entry.to > before) {
        if (entry.deleted) gone.push(entry);
        continue;
      }
      this.remove(entry);
      removed += 1;
    }
    if (gone.length > maxGone) {
      gone.sort((a, b) => a.to - b.to);
      for (const entry of gone.slice(0, gone.length - maxGone)) this.remove(entry);
      removed += gone.length - maxGone;
    }
    if (removed > 0) this.pruneOwners();
    return removed;
  }

  /** Adds a pod of the past (restored after a restart); a pod that the API still knows wins. */
  restore(interval: PodInterval): void {
    if (this.byUid.has(interval.uid)) return;
    const record: PodRecord = {
      uid: interval.uid,
      namespace: interval.namespace,
      name: interval.pod,
      labels: interval.labels,
      annotations: {},
      owners: [],
      ...(interval.node === undefined ? {} : { nodeName: interval.node }),
      hostNetwork: false,
      phase: 'Succeeded',
      addresses: interval.addresses,
      hostAddresses: [],
      createdAt: interval.from,
      ports: [],
      containers: [],
    };
    const entry = createPodEntry(record);
    entry.name = interval.workload;
    entry.kind = interval.kind;
    entry.deleted = true;
    restoreTimes(entry, interval.from, interval.to);
    this.addBoundaries(entry);
    this.byUid.set(interval.uid, entry);
    setOf(this.byWorkload, `${interval.namespace}/${interval.workload}`).add(entry);
    setOf(this.byNamespace, interval.namespace).add(entry);
    this.indexAddresses(entry, undefined);
    this.labels.add(entry);
  }

  private addBoundaries({ from, to, talksFrom, record }: PodEntry): void {
    for (const at of [from, talksFrom, to, record.ready?.since, to + NEAREST_PODS_MS, from - NEAREST_PODS_MS])
      if (at !== undefined) this.epochs.add(at);
  }

  /** Names a pod again after something above it became known. */
  private identify(entry: PodEntry): void {
    const { cutAt, name, kind } = resolveIdentity(
      entry.record,
      { owner: (uid) => this.owners.get(uid) ?? this.podAsOwner(uid), siblingOwner: (key) => this.siblings.get(key) },
      this.identity,
    );
    if (entry.name !== name) this.byWorkload.get(`${entry.record.namespace}/${entry.name}`)?.delete(entry);
    entry.name = name;
    entry.kind = kind;
    entry.peer = undefined;
    forgetAnswers(entry);
    setOf(this.byWorkload, `${entry.record.namespace}/${name}`).add(entry);
    for (const key of siblingKeys(entry.record)) {
      if (cutAt === undefined) this.waiting.get(key)?.delete(entry);
      else setOf(this.waiting, key).add(entry);
    }
    if (cutAt !== undefined) setOf(this.waiting, cutAt).add(entry);
  }

  private podAsOwner(uid: string): Pick<OwnerRecord, 'name' | 'kind' | 'owners'> | undefined {
    const pod = this.byUid.get(uid)?.record;
    return pod === undefined ? undefined : { name: pod.name, kind: 'Pod', owners: pod.owners };
  }

  private ownerAppeared(uid: string): void {
    const waiting = this.waiting.get(uid);
    if (waiting === undefined) return;
    this.waiting.delete(uid);
    for (const entry of waiting) {
      this.identify(entry);
      this.labels.touch(entry);
    }
  }

  private indexAddresses(entry: PodEntry, previous: PodRecord | undefined): void {
    const { record } = entry;
    const hash = record.annotations[CONFIG_HASH_ANNOTATION];
    if (hash !== undefined) this.staticByHash.set(`${record.nodeName ?? ''}|${hash}`, entry);
    for (const key of hostPortKeys(record)) setOf(this.hostPorts, key).add(entry);
    if (record.hostNetwork) {
      if (record.nodeName !== undefined) setOf(this.hostNetwork, record.nodeName).add(entry);
      return;
    }
    const had = previous === undefined ? [] : previous.addresses;
    for (const address of record.addresses) {
      const owners = this.byAddress.get(address);
      if (owners === undefined) this.byAddress.set(address, entry);
      else if (owners !== entry) {
        const all = Array.isArray(owners) ? owners : [owners];
        if (had.includes(address)) all.splice(all.indexOf(entry), 1);
        insertByStart(all, entry);
        this.byAddress.set(address, all);
      }
    }
    this.ownerAppeared(record.uid);
  }

  private remove(entry: PodEntry): void {
    const { record } = entry;
    this.byUid.delete(record.uid);
    this.byNamespace.get(record.namespace)?.delete(entry);
    const workload = `${record.namespace}/${entry.name}`;
    this.byWorkload.get(workload)?.delete(entry);
    if (this.byWorkload.get(workload)?.size === 0) this.byWorkload.delete(workload);
    const hash = record.annotations[CONFIG_HASH_ANNOTATION];
    if (hash !== undefined) {
      const key = `${record.nodeName ?? ''}|${hash}`;
      if (this.staticByHash.get(key) === entry) this.staticByHash.delete(key);
    }
    if (record.nodeName !== undefined) this.hostNetwork.get(record.nodeName)?.delete(entry);
    for (const key of hostPortKeys(record)) this.hostPorts.get(key)?.delete(entry);
    for (const address of record.addresses) {
      const owners = this.byAddress.get(address);
      if (owners === entry) this.byAddress.delete(address);
      if (!Array.isArray(owners)) continue;
      const others = owners.filter((owner) => owner !== entry);
      const [only] = others;
      if (only === undefined) this.byAddress.delete(address);
      else this.byAddress.set(address, others.length === 1 ? only : others);
    }
    for (const owner of record.owners) this.waiting.get(owner.uid)?.delete(entry);
    for (const key of siblingKeys(record)) this.waiting.get(key)?.delete(entry);
    this.labels.remove(entry);
  }

  private pruneOwners(): void {
    const needed = new Set<string>();
    const need = (uid: string): void => {
      if (needed.has(uid)) return;
      needed.add(uid);
      for (const owner of this.owners.get(uid)?.owners ?? []) need(owner.uid);
    };
    for (const entry of this.byUid.values()) for (const owner of entry.record.owners) need(owner.uid);
    for (const uid of this.owners.keys()) if (!needed.has(uid) && this.goneOwners.has(uid)) this.owners.delete(uid);
    for (const uid of this.goneOwners) if (!this.owners.has(uid)) this.goneOwners.delete(uid);
    this.siblings.clear();
    for (const owner of this.owners.values()) this.learnSibling(owner);
    for (const [uid, entries] of this.waiting) if (entries.size === 0) this.waiting.delete(uid);
  }

  /** A deleted owner stays as long as a pod below it is remembered. */
  ownerDeleted(uid: string): void {
    if (this.owners.has(uid)) this.goneOwners.add(uid);
  }
}

function siblingKeys(record: PodRecord): string[] {
  return record.owners.map((owner) => siblingKey(owner, record)).filter((key) => key !== undefined);
}

function hostPortKeys(record: PodRecord): string[] {
  if (record.nodeName === undefined) return [];
  return record.ports.flatMap((port) => (port.hostPort === undefined ? [] : [`${record.nodeName ?? ''}|${port.hostPort}`]));
}

/** Of several: the one that could talk already, then the later start. */
function ownerOf(entries: readonly PodEntry[], at: number): PodEntry | undefined {
  let best: PodEntry | undefined;
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = entries[i];
    if (entry === undefined || entry.from > at || entry.to <= at) continue;
    if (entry.talksFrom <= at) return entry;
    best ??= entry;
  }
  return best;
}

function insertByStart(entries: PodEntry[], entry: PodEntry): void {
  let index = entries.length;
  while (index > 0 && (entries[index - 1]?.from ?? 0) > entry.from) index -= 1;
  entries.splice(index, 0, entry);
}

function setOf<Key, Value>(map: Map<Key, Set<Value>>, key: Key): Set<Value> {
  let set = map.get(key);
  if (set === undefined) {
    set = new Set();
    map.set(key, set);
  }
  return set;
}
