import type { LabelSet } from './label-index.ts';
import type { PodEntry } from './pod-entry.ts';
import type { ServiceRecord } from './records.ts';

/** A Service with its history: what it said when, and from when to when it existed (instants, ms since the Unix epoch). */
export interface ServiceEntry {
  /** Newest version. */
  record: ServiceRecord;
  /** Versions in the order of their times; `since` is -Infinity for the first. */
  readonly versions: ServiceVersion[];
  from: number;
  to: number;
}

export interface ServiceVersion {
  since: number;
  /** The earliest time at which it was seen to be so, infinity where none is known. */
  seenAt: number;
  readonly record: ServiceRecord;
  groups?: PodGroups;
}

interface PodGroups {
  readonly candidates: LabelSet;
  readonly generation: number;
  readonly groups: readonly WorkloadGroup[];
}

/** Pods of one workload that a Service selects, in order of their start. */
export interface WorkloadGroup {
  readonly name: string;
  readonly kind: string;
  readonly pods: PodEntry[];
}

export function toVersion(since: number, seenAt: number | undefined, record: ServiceRecord): ServiceVersion {
  return { since, seenAt: seenAt ?? Number.POSITIVE_INFINITY, record };
}

/** The same state at another time: it began no later than the earlier one. */
export function seeAgain(version: ServiceVersion | undefined, at: number | undefined): void {
  if (version === undefined || at === undefined) return;
  version.seenAt = Math.min(version.seenAt, at);
  version.since = Math.min(version.since, at);
}

/** Whether a Service had had an address by a time; of one that has it no more, it went to another Service, as load balancers' addresses do. */
export function hadAddress(entry: ServiceEntry, address: string, at: number): boolean {
  return entry.versions.some(({ since, record }) => since <= at && addressesOf(record).includes(address));
}

/** Its own addresses; those of nodes (NodePort) are not among them. */
export function addressesOf({ clusterIPs, externalIPs, loadBalancerIPs }: ServiceRecord): string[] {
  return [...clusterIPs, ...externalIPs, ...loadBalancerIPs];
}

/** What a Service said at a time. */
export function recordAt(entry: ServiceEntry, at: number): ServiceRecord {
  return versionAt(entry, at).record;
}

/** Without a selector, or with an empty one, endpoints say who is behind. */
export function hasSelector({ selector }: ServiceRecord): boolean {
  return selector !== undefined && Object.keys(selector).length > 0;
}

/** The version that held at a time, else the first. */
export function versionAt(entry: ServiceEntry, at: number): ServiceVersion {
  let found = entry.versions[0] ?? toVersion(Number.NEGATIVE_INFINITY, undefined, entry.record);
  for (const version of entry.versions) if (version.since <= at) found = version;
  return found;
}

/** The entry that existed at a time, else the last one. */
export function entryAt(entries: readonly ServiceEntry[], at: number): ServiceEntry | undefined {
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = entries[i];
    if (entry !== undefined && entry.from <= at && at < entry.to) return entry;
  }
  return entries.at(-1);
}
