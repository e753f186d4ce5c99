import { EndpointsHistory } from './endpoints-history.ts';
import { NEAREST_PODS_MS } from './pod-history.ts';
import type { PodEntry } from './pod-entry.ts';
import type { PodHistory } from './pod-history.ts';
import type { TimeEpochs } from './time-epochs.ts';
import type { EndpointsRecord, ServicePortRecord, ServiceRecord } from './records.ts';
import { addressesOf, entryAt, hadAddress, hasSelector, recordAt, seeAgain, toVersion, versionAt } from './service-entry.ts';
import type { ServiceEntry, ServiceVersion, WorkloadGroup } from './service-entry.ts';

/** Versions kept of one Service; the oldest is forgotten first. */
const MAX_VERSIONS = 64;
/** Then it begins anew: it is kept beside other bits (resolve/resolution.ts). */
const MAX_DNS_REVISION = 2 ** 24;

/** One workload behind a Service at a time; `pods` are those that were alive then. */
export interface Backend {
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  readonly pods: readonly PodEntry[];
}

/** Services by name, address and host name, with who was behind them (rules 7, 10). */
export class ServiceIndex {
  private readonly byName = new Map<string, ServiceEntry[]>();
  private readonly byAddress = new Map<string, ServiceEntry[]>();
  private readonly byHostname = new Map<string, ServiceEntry>();
  private readonly byNodePort = new Map<string, ServiceEntry[]>();
  private readonly endpoints: EndpointsHistory;
  private readonly dnsServices = new Set<ServiceEntry>();
  private dnsChanges = 1;
  private readonly withoutSelector = new Set<ServiceEntry>();
  private readonly pods: PodHistory;

  private readonly epochs: TimeEpochs;

  constructor(pods: PodHistory, epochs: TimeEpochs) {
    this.pods = pods;
    this.epochs = epochs;
    this.endpoints = new EndpointsHistory(epochs);
  }

  apply(record: ServiceRecord, at: number | undefined, deleted: boolean): void {
    const key = `${record.namespace}/${record.name}`;
    let entries = this.byName.get(key);
    if (entries === undefined) {
      entries = [];
      this.byName.set(key, entries);
    }
    let entry = entries.find((known) => known.record.uid === record.uid);
    if (entry === undefined) {
      entry = { record, versions: [toVersion(Number.NEGATIVE_INFINITY, at, record)], from: record.createdAt, to: Number.POSITIVE_INFINITY };
      entries.push(entry);
    } else if (JSON.stringify(entry.record) !== JSON.stringify(record)) {
      entry.versions.push(toVersion(at ?? Number.NEGATIVE_INFINITY, at, record));
    } else seeAgain(entry.versions.at(-1), at);
    entry.record = record;
    // An event without a time of its own carries the object's creation: that says nothing of the end.
    if (deleted && at !== undefined && at > entry.from) entry.to = at;
    this.settle(entry);
    this.index(entry, record, deleted);
  }

  /** A state that is older than the newest one told: a watch that is read after the dump that was taken at its end. */
  applyPast(record: ServiceRecord, at: number | undefined): void {
    const entry = this.byName.get(`${record.namespace}/${record.name}`)?.find((known) => known.record.uid === record.uid);
    const newest = entry?.versions.at(-1);
    if (entry === undefined || newest === undefined) return;
    const { versions } = entry;
    const isFirst = versions.length === 1;
    const before = isFirst ? newest : versions.at(-2);
    if (JSON.stringify(before?.record) === JSON.stringify(record)) return;
    if (isFirst ? !Number.isFinite(newest.seenAt) : at === undefined) return;
    if (isFirst) newest.since = newest.seenAt;
    versions.splice(-1, 0, toVersion(isFirst || at === undefined ? Number.NEGATIVE_INFINITY : at, at, record));
    this.settle(entry);
    this.index(entry, record, false);
  }

  private settle(entry: ServiceEntry): void {
    if (entry.versions.length > MAX_VERSIONS) entry.versions.shift();
    for (const boundary of [entry.from, entry.to, ...entry.versions.map(({ since }) => since)]) this.epochs.add(boundary);
  }

  /** Only where no selector decides who is behind do older versions matter (rule 7). */
  applyEndpoints(record: EndpointsRecord, at: number | undefined, deleted: boolean): void {
    this.endpoints.apply(record, at, deleted, this.isSelecting(`${record.namespace}/${record.service}`));
  }

  /** The Service of a name at a time: the one that existed then, else the latest. */
  named(namespace: string, name: string, at: number): ServiceEntry | undefined {
    const entries = this.byName.get(`${namespace}/${name}`);
    return entries === undefined ? undefined : entryAt(entries, at);
  }

  /** The Service of a cluster, external or load balancer address. */
  atAddress(address: string, at: number): ServiceEntry | undefined {
    const entries = this.byAddress.get(address);
    if (entries === undefined) return undefined;
    const having = entries.filter((entry) => addressesOf(recordAt(entry, at)).includes(address));
    return entryAt(having.length > 0 ? having : entries.filter((entry) => !hadAddress(entry, address, at)), at);
  }

  /** The Service of a load balancer's host name. */
  atHostname(hostname: string): ServiceEntry | undefined {
    return this.byHostname.get(hostname);
  }

  atNodePort(port: number, protocol: string, at: number): { readonly entry: ServiceEntry; readonly port: ServicePortRecord } | undefined {
    for (const entry of this.byNodePort.get(`${port}/${protocol}`)?.toReversed() ?? []) {
      if (entry.from > at || entry.to <= at) continue;
      const found = recordAt(entry, at).ports.find((candidate) => candidate.nodePort === port && candidate.protocol === protocol);
      if (found !== undefined) return { entry, port: found };
    }
    return undefined;
  }

  /** What the endpoints of a Service said at a time. */
  endpointsOf(entry: ServiceEntry, at: number): EndpointsRecord[] {
    return this.endpoints.of(entry.record.namespace, entry.record.name, at);
  }

  /**
   * Finds the server's own number of a Service's port at a time, for each pod: where no selector decides who is behind, the
   * endpoints say it too, and the Service's own target port means nothing.
   */
  ownPorts(entry: ServiceEntry, port: ServicePortRecord, at: number): (pod: PodEntry | undefined) => number | undefined {
    if (hasSelector(recordAt(entry, at))) return (pod) => targetPortOf(port, pod);
    const { namespace, name } = entry.record;
    const told = this.endpoints.portsOf(namespace, name, port, at);
    return (pod) => told(pod?.record) ?? targetPortOf(port, pod);
  }

  /** Addresses and port of the Services without selector whose endpoint an address and port was. */
  withEndpoint(address: string, port: number, at: number): { readonly addresses: readonly string[]; readonly port: number }[] {
    const found: { readonly addresses: readonly string[]; readonly port: number }[] = [];
    for (const entry of this.withoutSelector) {
      if (entry.from > at || at >= entry.to) continue;
      const { clusterIPs, ports } = recordAt(entry, at);
      for (const endpoints of this.endpointsOf(entry, at)) {
        if (!endpoints.addresses.some((endpoint) => endpoint.address === address)) continue;
        const names = endpoints.ports.filter((candidate) => candidate.port === port).map(({ name = '' }) => name);
        const asked = ports.find(({ name = '' }) => names.includes(name));
        if (asked !== undefined) found.push({ addresses: clusterIPs, port: asked.port });
      }
    }
    return found;
  }

  /** Forgets Services and endpoints that ended before `before`. */
  prune(before: number): void {
    this.endpoints.prune(before);
    const isGone = (entry: ServiceEntry): boolean => entry.to <= before;
    for (const index of [this.byName, this.byAddress, this.byNodePort]) {
      for (const [key, entries] of index) {
        const kept = entries.filter((entry) => !isGone(entry));
        if (kept.length === 0) index.delete(key);
        else if (kept.length < entries.length) index.set(key, kept);
      }
    }
    for (const [hostname, entry] of this.byHostname) if (isGone(entry)) this.byHostname.delete(hostname);
    for (const entry of this.withoutSelector) if (isGone(entry)) this.withoutSelector.delete(entry);
    for (const entry of this.dnsServices) {
      if (!isGone(entry)) continue;
      this.dnsServices.delete(entry);
      this.changedDns();
    }
  }

  /**
   * Workloads behind a Service at a time: those with a ready pod, else with a pod at all, else those whose pods were
   * there last or next (a roll without overlap, a scale from zero). Empty when nobody of ours is.
   */
  behind(entry: ServiceEntry, at: number): Backend[] {
    const version = versionAt(entry, at);
    const { namespace, publishNotReady } = version.record;
    if (!hasSelector(version.record)) return this.behindEndpoints(entry, at);
    const groups = this.groupsOf(version);
    const alive = groups
      .map((group) => toBackend(namespace, group, (pod) => pod.from <= at && at < pod.to))
      .filter((backend) => backend.pods.length > 0);
    if (!publishNotReady) {
      const ready = alive
        .map((backend) => ({ ...backend, pods: backend.pods.filter((pod) => isReadyAt(pod, at)) }))
        .filter((backend) => backend.pods.length > 0);
      if (ready.length > 0) return ready;
    }
    return alive.length > 0 ? alive : nearest(namespace, groups, at);
  }

  /** At least 1; another one when what `isDnsServer` answers may have changed. */
  get dnsRevision(): number {
    return this.dnsChanges;
  }

  /** Whether a pod is behind some Service's port 53: a DNS server (rule 17). */
  isDnsServer(pod: PodEntry): boolean {
    for (const entry of this.dnsServices) {
      const { selector, namespace } = entry.record;
      if (selector !== undefined && namespace === pod.record.namespace && matches(selector, pod.record.labels)) return true;
    }
    return false;
  }

  /** Nodes on which pods are, or were, that serve DNS behind a Service's port 53. */
  dnsNodes(): Set<string> {
    const nodes = new Set<string>();
    for (const entry of this.dnsServices) {
      const groups = [
        ...entry.versions.flatMap((version) => this.groupsOf(version)),
        ...this.behindEndpoints(entry, Number.MAX_SAFE_INTEGER),
      ];
      for (const { pods } of groups) for (const { record } of pods) if (record.nodeName !== undefined) nodes.add(record.nodeName);
    }
    return nodes;
  }

  /** Ports of pods on which DNS is served behind a Service's port 53, besides 53 itself. */
  dnsTargetPorts(): number[] {
    const ports = new Set<number>();
    for (const entry of this.dnsServices) {
      const backends = this.behind(entry, Number.MAX_SAFE_INTEGER);
      for (const port of entry.record.ports) {
        if (port.port !== 53) continue;
        const pods = backends.flatMap((backend) => backend.pods);
        for (const pod of pods.length > 0 ? pods : [undefined]) {
          const target = targetPortOf(port, pod);
          if (target !== undefined && target !== 53) ports.add(target);
        }
      }
    }
    return [...ports].sort((a, b) => a - b);
  }

  all(): ServiceEntry[] {
    return [...this.byName.values()].flat();
  }

  private changedDns(): void {
    this.dnsChanges = (this.dnsChanges % MAX_DNS_REVISION) + 1;
  }

  private index(entry: ServiceEntry, record: ServiceRecord, deleted: boolean): void {
    for (const address of addressesOf(record)) {
      const entries = this.byAddress.get(address);
      if (entries === undefined) this.byAddress.set(address, [entry]);
      else if (!entries.includes(entry)) entries.push(entry);
    }
    for (const hostname of record.loadBalancerHostnames) this.byHostname.set(hostname.toLowerCase(), entry);
    for (const port of record.ports) {
      if (port.nodePort === undefined) continue;
      const key = `${port.nodePort}/${port.protocol}`;
      const entries = this.byNodePort.get(key);
      if (entries === undefined) this.byNodePort.set(key, [entry]);
      else if (!entries.includes(entry)) entries.push(entry);
    }
    if (!deleted && record.ports.some((port) => port.port === 53)) {
      this.dnsServices.add(entry);
      this.changedDns();
    }
    if (!hasSelector(record) && record.type !== 'ExternalName') this.withoutSelector.add(entry);
  }

  private isSelecting(key: string): boolean {
    const record = this.byName.get(key)?.at(-1)?.record;
    return record !== undefined && hasSelector(record);
  }

  private groupsOf(version: ServiceVersion): readonly WorkloadGroup[] {
    const { selector, namespace } = version.record;
    const candidates = selector === undefined ? undefined : this.pods.candidates(namespace, selector);
    if (selector === undefined || candidates === undefined) return [];
    const { generation } = candidates;
    if (version.groups?.candidates === candidates && version.groups.generation === generation) return version.groups.groups;
    const groups = new Map<string, WorkloadGroup>();
    for (const pod of candidates.pods) {
      if (!matches(selector, pod.record.labels)) continue;
      const key = `${pod.kind}/${pod.name}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { name: pod.name, kind: pod.kind, pods: [pod] });
      else group.pods.push(pod);
    }
    version.groups = { candidates, generation, groups: [...groups.values()] };
    return version.groups.groups;
  }

  /** Without a selector the endpoints say which pods are behind (rule 7). */
  private behindEndpoints(entry: ServiceEntry, at: number): Backend[] {
    const groups = new Map<string, Backend & { pods: PodEntry[] }>();
    for (const record of this.endpointsOf(entry, at)) {
      for (const { address, podUid } of record.addresses) {
        const pod = (podUid === undefined ? undefined : this.pods.byPodUid(podUid, undefined)) ?? this.pods.ownerAt(address, at);
        if (pod === undefined) continue;
        const key = `${pod.record.namespace}/${pod.kind}/${pod.name}`;
        const group = groups.get(key);
        if (group === undefined) groups.set(key, { namespace: pod.record.namespace, name: pod.name, kind: pod.kind, pods: [pod] });
        else group.pods.push(pod);
      }
    }
    return [...groups.values()];
  }
}

/** Number of a Service port's target on a pod: its own number, or that of the named container port. */
export function targetPortOf(port: ServicePortRecord, pod: PodEntry | undefined): number | undefined {
  const { targetPort } = port;
  if (targetPort === undefined) return port.port;
  if (typeof targetPort === 'number') return targetPort;
  return pod?.record.ports.find((candidate) => candidate.name === targetPort && candidate.protocol === port.protocol)?.containerPort;
}

/** Equality selector of a Service: every pair must be there. */
export function matches(selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean {
  for (const key in selector) if (labels[key] !== selector[key]) return false;
  return true;
}

/** Ready where known: the condition's last change tells what was before it, too. */
function isReadyAt(pod: PodEntry, at: number): boolean {
  const { ready } = pod.record;
  if (ready === undefined) return true;
  if (ready.since === undefined) return ready.status;
  return at >= ready.since ? ready.status : !ready.status;
}

function toBackend(namespace: string, group: WorkloadGroup, isWanted: (pod: PodEntry) => boolean): Backend {
  return { namespace, name: group.name, kind: group.kind, pods: group.pods.filter(isWanted) };
}

/** The pods that ended last before a time or, when none did, started next after it. */
function nearest(namespace: string, groups: readonly WorkloadGroup[], at: number): Backend[] {
  let lastEnd = at - NEAREST_PODS_MS;
  let nextStart = at + NEAREST_PODS_MS;
  let before: Backend | undefined;
  let after: Backend | undefined;
  for (const group of groups) {
    for (const pod of group.pods) {
      if (pod.to <= at && pod.to >= lastEnd) {
        lastEnd = pod.to;
        before = { namespace, name: group.name, kind: group.kind, pods: [pod] };
      } else if (pod.from > at && pod.from <= nextStart) {
        nextStart = pod.from;
        after = { namespace, name: group.name, kind: group.kind, pods: [pod] };
      }
    }
  }
  const found = before ?? after;
  return found === undefined ? [] : [found];
}
