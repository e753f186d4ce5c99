import type { EndpointsRecord, PodRecord, ServicePortRecord } from './records.ts';
import type { TimeEpochs } from './time-epochs.ts';

/** Versions kept of one EndpointSlice; the oldest is forgotten first. */
const MAX_VERSIONS = 64;

/** What an EndpointSlice said since a time; nothing once it was deleted. */
interface Version {
  readonly since: number;
  readonly record: EndpointsRecord | undefined;
}

/** EndpointSlices and Endpoints by their Service, with what they said before (rule 7). */
export class EndpointsHistory {
  /** By `namespace/service`, then by the record's id. */
  private readonly byService = new Map<string, Map<string, Version[]>>();
  private readonly epochs: TimeEpochs;

  constructor(epochs: TimeEpochs) {
    this.epochs = epochs;
  }

  /** @param onlyNewest the Service has a selector: nobody will ask what was before. */
  apply(record: EndpointsRecord, at: number | undefined, deleted: boolean, onlyNewest: boolean): void {
    const key = `${record.namespace}/${record.service}`;
    const records = this.byService.get(key) ?? new Map<string, Version[]>();
    this.byService.set(key, records);
    const known = records.get(record.id);
    if (known === undefined || onlyNewest) {
      if (deleted) records.delete(record.id);
      else records.set(record.id, [{ since: Number.NEGATIVE_INFINITY, record }]);
      return;
    }
    // Without a time nobody can tell what was before: the last state that was seen stands for all of it.
    if (at === undefined) {
      if (!deleted) known.splice(0, known.length, { since: Number.NEGATIVE_INFINITY, record });
      return;
    }
    known.push({ since: at, record: deleted ? undefined : record });
    if (known.length > MAX_VERSIONS) known.shift();
    this.epochs.add(at);
  }

  /** What the endpoints of a Service said at a time. */
  of(namespace: string, service: string, at: number): EndpointsRecord[] {
    const found: EndpointsRecord[] = [];
    for (const versions of this.byService.get(`${namespace}/${service}`)?.values() ?? []) {
      const record = (versions.findLast(({ since }) => since <= at) ?? versions[0])?.record;
      if (record !== undefined) found.push(record);
    }
    return found;
  }

  /**
   * Finds the number of a Service's port (by its name and protocol) where the endpoints are; those of one pod if it is given.
   * The endpoints are gone through once, however many pods are asked for.
   */
  portsOf(namespace: string, service: string, port: ServicePortRecord, at: number): (pod: PodRecord | undefined) => number | undefined {
    const { name: wanted = '', protocol } = port;
    let first: number | undefined;
    /** By address and by the pod's uid. */
    const byEnd = new Map<string, number>();
    for (const { addresses, ports } of this.of(namespace, service, at)) {
      const found = ports.find(({ name = '', ...candidate }) => name === wanted && candidate.protocol === protocol)?.port;
      if (found === undefined) continue;
      first ??= found;
      for (const { address, podUid } of addresses) {
        for (const end of podUid === undefined ? [address] : [podUid, address]) if (!byEnd.has(end)) byEnd.set(end, found);
      }
    }
    return (pod) => {
      if (pod === undefined) return first;
      const end = [pod.uid, ...pod.addresses].find((candidate) => byEnd.has(candidate));
      return end === undefined ? undefined : byEnd.get(end);
    };
  }

  /** Forgets what was replaced or deleted before `before`. */
  prune(before: number): void {
    for (const [key, records] of this.byService) {
      for (const [id, versions] of records) {
        const current = versions.findLastIndex(({ since }) => since <= before);
        versions.splice(0, current);
        if (current >= 0 && versions.length === 1 && versions[0]?.record === undefined) records.delete(id);
      }
      if (records.size === 0) this.byService.delete(key);
    }
  }
}
