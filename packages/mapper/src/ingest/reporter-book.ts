import type { Reporter } from '@nm/api';

/** What the mapper remembers of one reporter instance. */
export interface ReporterEntry {
  readonly kind: string;
  readonly node?: string;
  readonly instance: string;
  readonly version: string;
  readonly firstSeenAt: number;
  lastSeenAt: number;
  batches: number;
  observations: number;
  rejected: number;
  /** Its clock minus ours, ms; undefined until it reported since our start. */
  clockOffsetMs: number | undefined;
  losses: Readonly<Record<string, number>>;
  /** Latest differences between its clock and ours; each is too low by the time on the way. */
  readonly offsets: number[];
}

type Listeners = NonNullable<Reporter['listeners']>;

/** What a sniffer tells of its node, for replicas that do not hear it and for the time after a restart. */
export interface NodeReport {
  readonly addresses?: readonly string[];
  readonly listeners?: Listeners;
}

/** Part of an entry that outlives a restart, as JSON. */
interface Extra extends NodeReport {
  readonly losses?: Readonly<Record<string, number>>;
  readonly firstSeenAt?: number;
}

/** Reporters that are remembered; the one not heard of for longest goes first. */
const MAX_REPORTERS = 10_000;
/** Batches whose clock difference counts. The largest is nearest the truth: it lost least time on the way. */
const OFFSET_SAMPLES = 16;
/** Smaller differences are delay and noise: correcting them would only make times of equal events differ. */
const MIN_OFFSET_MS = 500;
/** A node has a sniffer while one reported within this time. */
const ACTIVE_MS = 120_000;
const MAX_EXTRA_LENGTH = 60_000;

/**
 * What a reporter is known by: its instance, and the node that it proved to be on. So nobody uses up the sequence
 * numbers of another node's sniffer, whose later reports would pass for repeats.
 */
export function reporterKey({ instance, node }: Pick<Reporter, 'instance' | 'node'>): string {
  // No instance has an @ (packages/api/src/report/reporter.ts).
  return node === undefined ? instance : `${instance}@${node}`;
}

/** The instance in such a key. */
function instanceOf(key: string): string {
  return key.split('@', 1)[0] ?? key;
}

export class ReporterBook {
  /** By `reporterKey`. */
  readonly #entries = new Map<string, ReporterEntry>();
  /** Times between which a node had a sniffer, as far as its reports tell. */
  readonly #sniffers = new Map<string, { since: number; until: number }>();

  /**
   * Notes that a batch came and returns what its reporter's times are ahead of ours, ms; 0 when that is within what
   * delay explains.
   */
  heard(reporter: Reporter, sentAt: number, receivedAt: number): { readonly entry: ReporterEntry; readonly correctionMs: number } {
    const entry = this.#entryOf(reporter, receivedAt);
    entry.lastSeenAt = receivedAt;
    entry.losses = reporter.losses ?? entry.losses;
    entry.offsets.push(sentAt - receivedAt);
    if (entry.offsets.length > OFFSET_SAMPLES) entry.offsets.shift();
    entry.clockOffsetMs = Math.max(...entry.offsets);
    if (reporter.kind === 'sniffer' && reporter.node !== undefined) this.#noteSniffer(reporter.node, receivedAt);
    return { entry, correctionMs: Math.abs(entry.clockOffsetMs) < MIN_OFFSET_MS ? 0 : entry.clockOffsetMs };
  }

  /** Whether a node's own sniffer watched it at that time (rule 18). */
  hasSniffer(node: string, at: number): boolean {
    const known = this.#sniffers.get(node);
    return known !== undefined && at >= known.since - ACTIVE_MS && at <= known.until + ACTIVE_MS;
  }

  all(): readonly ReporterEntry[] {
    return [...this.#entries.values()];
  }

  active(now: number): readonly ReporterEntry[] {
    return this.all().filter((entry) => now - entry.lastSeenAt <= ACTIVE_MS);
  }

  /** JSON to be stored with the reporter's sequence. */
  extraOf(entry: ReporterEntry, { addresses, listeners }: NodeReport): string {
    const own = { losses: entry.losses, firstSeenAt: entry.firstSeenAt };
    const withAddresses: Extra = { ...own, ...(addresses !== undefined && { addresses }) };
    for (const extra of [{ ...withAddresses, ...(listeners !== undefined && { listeners }) }, withAddresses]) {
      const json = JSON.stringify(extra);
      if (json.length <= MAX_EXTRA_LENGTH) return json;
    }
    return JSON.stringify(own);
  }

  /**
   * Takes in what was stored, by this replica before it started or by another one (`instance` is a `reporterKey`); returns
   * what the reporter told of its node. Undefined when this replica heard of it since.
   */
  restore(state: {
    readonly instance: string;
    readonly kind: string;
    readonly node?: string;
    readonly version?: string;
    readonly seenAt: number;
    readonly extra?: string;
  }): NodeReport | undefined {
    const known = this.#entries.get(state.instance);
    if (known !== undefined && known.lastSeenAt >= state.seenAt) return undefined;
    const extra = parseExtra(state.extra);
    this.#entries.delete(state.instance);
    this.#entries.set(state.instance, {
      kind: state.kind,
      ...(state.node !== undefined && { node: state.node }),
      instance: instanceOf(state.instance),
      version: state.version ?? '',
      firstSeenAt: extra.firstSeenAt ?? state.seenAt,
      lastSeenAt: state.seenAt,
      batches: known?.batches ?? 0,
      observations: known?.observations ?? 0,
      rejected: known?.rejected ?? 0,
      clockOffsetMs: known?.clockOffsetMs,
      losses: extra.losses ?? {},
      offsets: known?.offsets ?? [],
    });
    if (this.#entries.size > MAX_REPORTERS) this.#entries.delete(this.#entries.keys().next().value ?? '');
    if (state.kind === 'sniffer' && state.node !== undefined) {
      this.#noteSniffer(state.node, extra.firstSeenAt ?? state.seenAt);
      this.#noteSniffer(state.node, state.seenAt);
    }
    return extra;
  }

  #entryOf(reporter: Reporter, now: number): ReporterEntry {
    const key = reporterKey(reporter);
    const known = this.#entries.get(key);
    // Taking it out and in again keeps the map in the order in which reporters were last heard of.
    this.#entries.delete(key);
    const entry: ReporterEntry = {
      kind: reporter.kind,
      ...(reporter.node !== undefined && { node: reporter.node }),
      instance: reporter.instance,
      version: reporter.version,
      firstSeenAt: known?.firstSeenAt ?? now,
      lastSeenAt: now,
      batches: known?.batches ?? 0,
      observations: known?.observations ?? 0,
      rejected: known?.rejected ?? 0,
      clockOffsetMs: known?.clockOffsetMs,
      losses: known?.losses ?? {},
      offsets: known?.offsets ?? [],
    };
    this.#entries.set(key, entry);
    if (this.#entries.size > MAX_REPORTERS) this.#entries.delete(this.#entries.keys().next().value ?? '');
    return entry;
  }

  #noteSniffer(node: string, at: number): void {
    const known = this.#sniffers.get(node);
    if (known === undefined || at > known.until + ACTIVE_MS) this.#sniffers.set(node, { since: at, until: at });
    else if (at > known.until) known.until = at;
    if (this.#sniffers.size > MAX_REPORTERS) this.#sniffers.delete(this.#sniffers.keys().next().value ?? '');
  }
}

function parseExtra(json: string | undefined): Extra {
  try {
    const value: unknown = JSON.parse(json ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
