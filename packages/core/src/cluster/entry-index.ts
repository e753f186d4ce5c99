import type { EntryBackend, EntryRecord } from './records.ts';

/**
 * Ingresses, Gateways and their routes: which Services answer where the outside comes in. Matters for load balancers
 * that are not a Service's: a cloud's, made for the Ingress or Gateway itself.
 */
export class EntryIndex {
  private readonly byUid = new Map<string, EntryRecord>();
  private readonly byAddress = new Map<string, Set<EntryRecord>>();
  private readonly byHostname = new Map<string, Set<EntryRecord>>();
  private readonly routes = new Map<string, Set<EntryRecord>>();

  apply(record: EntryRecord, deleted: boolean): void {
    const known = this.byUid.get(record.uid);
    if (known !== undefined) this.remove(known);
    if (deleted) return;
    this.byUid.set(record.uid, record);
    for (const address of record.addresses) setOf(this.byAddress, address).add(record);
    for (const hostname of record.hostnames) setOf(this.byHostname, hostname).add(record);
    for (const parent of record.parents) setOf(this.routes, parent).add(record);
  }

  all(): Iterable<EntryRecord> {
    return this.byUid.values();
  }

  /** Whether a load balancer of an Ingress or Gateway has the address. */
  hasAddress(address: string): boolean {
    return this.byAddress.has(address);
  }

  /** Services behind a load balancer's address, as far as the name asked for tells them apart. */
  backendsAt(address: string, host: string | undefined): readonly EntryBackend[] {
    return this.backendsOf(this.byAddress.get(address) ?? [], host);
  }

  /** The same by the load balancer's own host name. */
  backendsNamed(hostname: string, host: string | undefined): readonly EntryBackend[] {
    return this.backendsOf(this.byHostname.get(hostname) ?? [], host);
  }

  private backendsOf(entries: Iterable<EntryRecord>, host: string | undefined): readonly EntryBackend[] {
    const all = [...entries].flatMap((entry) =>
      entry.kind === 'Gateway' ? this.routedBy(entry) : entry.backends.map((one) => [one, entry] as const),
    );
    const asked = host === undefined ? [] : all.filter(([backend, entry]) => answersTo(backend, entry, host));
    // Asked by a name that no rule has, or by none: any of them.
    const chosen = asked.length > 0 ? asked : all;
    return [...new Map(chosen.map(([backend]) => [`${backend.namespace}/${backend.service}/${backend.port ?? ''}`, backend])).values()];
  }

  private routedBy(gateway: EntryRecord): (readonly [EntryBackend, EntryRecord])[] {
    const routes = this.routes.get(`${gateway.namespace}/${gateway.name}`) ?? [];
    return [...routes].flatMap((route) => route.backends.map((backend) => [backend, route] as const));
  }

  private remove(record: EntryRecord): void {
    this.byUid.delete(record.uid);
    for (const [index, keys] of [
      [this.byAddress, record.addresses],
      [this.byHostname, record.hostnames],
      [this.routes, record.parents],
    ] as const) {
      for (const key of keys) {
        index.get(key)?.delete(record);
        if (index.get(key)?.size === 0) index.delete(key);
      }
    }
  }
}

/** `*.example.com` answers to one label more (Ingress), which is taken for any number of them (Gateway API). */
function answersTo(backend: EntryBackend, entry: EntryRecord, host: string): boolean {
  const hosts = backend.host === undefined ? entry.hosts : [backend.host];
  return hosts.some((pattern) => (pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : pattern === host));
}

function setOf<Value>(map: Map<string, Set<Value>>, key: string): Set<Value> {
  const known = map.get(key);
  if (known !== undefined) return known;
  const fresh = new Set<Value>();
  map.set(key, fresh);
  return fresh;
}
