import { sql } from 'kysely';
import type { Backend, Value } from './backend.ts';
import { clusterId } from './cluster-registry.ts';
import type { AddressInterval } from './store.ts';
import { INTERVAL_UPSERT } from './write/statements.ts';

const CHUNK = 1_000;

interface IntervalRow {
  readonly kind: string;
  readonly uid: string;
  readonly from_at: number;
  readonly to_at: number | null;
  readonly body: string;
}

/** The past of addresses: what the resolver reads back after a restart. */
export class IntervalTable {
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async save(cluster: string, intervals: readonly AddressInterval[]): Promise<void> {
    if (intervals.length === 0) return;
    const id = await clusterId(this.#backend, cluster);
    const byKey = new Map(intervals.map((interval) => [`${interval.kind}|${interval.uid}`, interval]));
    const rows = [...byKey.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, interval]) => toRow(id, interval));
    for (let from = 0; from < rows.length; from += CHUNK) {
      await this.#backend.transaction((tx) => tx.upsert(INTERVAL_UPSERT, rows.slice(from, from + CHUNK)));
    }
  }

  async *load(cluster: string, since: number): AsyncGenerator<readonly AddressInterval[]> {
    const id = await clusterId(this.#backend, cluster);
    let after = { kind: '', uid: '' };
    for (;;) {
      const { rows } = await sql<IntervalRow>`select kind, uid, from_at, to_at, body from address_interval
        where cluster_id = ${id} and (kind, uid) > (${after.kind}, ${after.uid}) and (to_at is null or to_at >= ${Math.round(since)})
        order by kind, uid limit ${CHUNK}`.execute(this.#backend.db);
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows.map(toInterval);
      after = last;
    }
  }
}

function toRow(cluster: number, { kind, uid, from, to, ...rest }: AddressInterval): Value[] {
  return [cluster, kind, uid, Math.round(from), to === undefined ? null : Math.round(to), JSON.stringify(rest)];
}

function toInterval({ kind, uid, from_at: from, to_at: to, body }: IntervalRow): AddressInterval {
  const rest = JSON.parse(body) as Omit<AddressInterval, 'kind' | 'uid' | 'from' | 'to'>;
  return { kind, uid, ...rest, from, ...(to !== null && { to }) };
}
