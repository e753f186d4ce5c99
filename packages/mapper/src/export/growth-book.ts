import { EVIDENCE_KINDS } from '@nm/core';
import type { Edge, EvidenceKind, TransportProtocol } from '@nm/core';

/** What an edge gained on one port by one kind of evidence. */
export interface Growth {
  /** Absent where the evidence belongs to the pair (rule 13) or the port inside a tunnel is unknown. */
  readonly port?: number;
  readonly protocol?: TransportProtocol;
  readonly kind: EvidenceKind;
  readonly count: number;
  readonly lastSeenAt: number;
}

interface Slot extends Growth {
  readonly key: number;
}

const PROTOCOLS: readonly TransportProtocol[] = ['TCP', 'UDP', 'SCTP', 'HBONE'];
/** Edges active within the window; those beyond it are left out and counted. */
export const MAX_FOLLOWED_EDGES = 200_000;

/**
 * Turns counts in a window into what was added since the last look. The window's begin moves on now and then:
 * `forget` takes out what only the old window had, so that memory is bounded by what is active now.
 */
export class GrowthBook {
  /** Per edge id pairs of slot key and count, flat: thousands of edges with two or three slots each. */
  readonly #counts = new Map<number, number[]>();

  get size(): number {
    return this.#counts.size;
  }

  /** What the edge gained; undefined when too many edges are followed already. */
  grown(id: number, edge: Edge): readonly Growth[] | undefined {
    const known = this.#counts.get(id);
    if (known === undefined && this.#counts.size >= MAX_FOLLOWED_EDGES) return undefined;
    const counts = known ?? [];
    const grown: Growth[] = [];
    for (const slot of slotsOf(edge)) {
      const at = indexOf(counts, slot.key);
      const before = counts[at + 1] ?? 0;
      // Less than before: the client's view replaced the server's (rule 20). What was counted is not taken back.
      if (slot.count < before) continue;
      counts[at] = slot.key;
      counts[at + 1] = slot.count;
      grown.push({ ...slot, count: slot.count - before });
    }
    // An array that grew has room for many more; a copy has none.
    if (known === undefined) this.#counts.set(id, counts.slice());
    return grown;
  }

  /** The edge's counts in the time that leaves the window. */
  forget(id: number, edge: Edge): void {
    const counts = this.#counts.get(id) ?? [];
    for (const slot of slotsOf(edge)) {
      const at = indexOf(counts, slot.key);
      counts[at] = slot.key;
      // May go below zero by what came since the last look: then the next look counts it.
      counts[at + 1] = (counts[at + 1] ?? 0) - slot.count;
    }
    const left: number[] = [];
    for (let at = 0; at < counts.length; at += 2) {
      const count = counts[at + 1] ?? 0;
      if (count !== 0) left.push(counts[at] ?? 0, count);
    }
    if (left.length === 0) this.#counts.delete(id);
    else this.#counts.set(id, left.slice());
  }
}

function indexOf(counts: readonly number[], key: number): number {
  for (let at = 0; at < counts.length; at += 2) if (counts[at] === key) return at;
  return counts.length;
}

function slotsOf(edge: Edge): Iterable<Slot> {
  const slots = new Map<number, Slot>();
  const withPort = new Map<EvidenceKind, number>();
  for (const { port, protocol, evidence } of edge.ports) {
    for (const [index, kind] of EVIDENCE_KINDS.entries()) {
      const found = evidence[kind];
      if (found === undefined) continue;
      const key = ((port ?? 65_536) * 8 + PROTOCOLS.indexOf(protocol)) * 8 + index;
      const other = slots.get(key);
      slots.set(key, {
        key,
        ...(port !== undefined && { port }),
        protocol,
        kind,
        count: found.count + (other?.count ?? 0),
        lastSeenAt: Math.max(found.lastSeenAt, other?.lastSeenAt ?? 0),
      });
      withPort.set(kind, (withPort.get(kind) ?? 0) + found.count);
    }
  }
  for (const [index, kind] of EVIDENCE_KINDS.entries()) {
    const found = edge.evidence[kind];
    if (found === undefined) continue;
    const count = found.count - (withPort.get(kind) ?? 0);
    if (count > 0 || !withPort.has(kind)) slots.set(-1 - index, { key: -1 - index, kind, count, lastSeenAt: found.lastSeenAt });
  }
  return slots.values();
}
