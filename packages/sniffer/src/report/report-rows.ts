import { ABSENT, MAX_BATCH_TEXT, REPORT_LIMITS, toKindIndex, toRowFlags } from '@nm/api';
import type { Reporter } from '@nm/api';
import type { Observation } from '@nm/core';
import { COLUMNS_BEFORE, INTEGERS, PackedReport, TIMES } from './packed-report.ts';

const FIRST_ROWS = 256;

const DETAIL_IS_ABSENT = ABSENT;

/** Where the texts of an answer are in the table, found at once instead of one by one. */
interface KnownAnswer {
  readonly name: number;
  readonly canonicalName: number;
  readonly addresses: number;
  readonly nameText: string | undefined;
  readonly canonicalText: string | undefined;
}

interface KnownSource {
  readonly address: number;
  readonly uid: number;
  readonly podUid: string | undefined;
}

/** The rows of one report as numbers, because a busy node reports ten thousands a second: no array and no text for each. */
export class ReportRows {
  private readonly maxRows: number;
  private integers = new Int32Array(FIRST_ROWS * INTEGERS);
  private times = new Float64Array(FIRST_ROWS * TIMES);
  private rows = 0;
  private strings: string[] = [];
  private textLength = 0;
  private indexes = new Map<string, number>();
  /** By the identity of the list of addresses: an answer that is reported for many clients has one. */
  private answers = new Map<readonly string[], KnownAnswer>();
  private sources = new Map<string, KnownSource>();

  constructor(maxRows: number = REPORT_LIMITS.maxRows) {
    this.maxRows = maxRows;
  }

  get size(): number {
    return this.rows;
  }

  /** False when the report is full, in rows or in text; the observation is not in it then. */
  add(observation: Observation): boolean {
    if (this.rows >= this.maxRows || this.textLength >= MAX_BATCH_TEXT) return false;
    if (this.rows * TIMES === this.times.length) this.grow();
    const { source, destination } = observation;
    const { asked } = destination;
    const { integers, times } = this;
    const at = this.rows * INTEGERS;
    integers[at] = toKindIndex(observation.kind);
    integers[at + 1] = toRowFlags(observation);
    this.putSource(at + 2, source.address, source.podUid);
    integers[at + 4] = source.port ?? ABSENT;
    integers[at + 5] = this.intern(destination.address);
    integers[at + 6] = this.intern(destination.podUid);
    integers[at + 7] = destination.port ?? ABSENT;
    this.putAnswer(at + 8, destination);
    integers[at + 11] = asked === undefined ? ABSENT : this.intern(asked.address);
    integers[at + 12] = asked === undefined ? ABSENT : asked.port;
    integers[at + 13] = observation.count;
    // What a sniffer sees is TCP or UDP, from addresses: it has no details (format.ts, column 16).
    integers[at + COLUMNS_BEFORE] = DETAIL_IS_ABSENT;
    times[this.rows * TIMES] = observation.firstSeenAt;
    times[this.rows * TIMES + 1] = observation.lastSeenAt;
    this.rows += 1;
    return true;
  }

  /** Everything so far as one report; what is added from here on is the next. */
  finish(reporter: Reporter, sequence: number): PackedReport {
    const report = new PackedReport(
      reporter,
      sequence,
      this.strings,
      this.integers.slice(0, this.rows * INTEGERS),
      this.times.slice(0, this.rows * TIMES),
    );
    this.rows = 0;
    this.strings = [];
    this.textLength = 0;
    this.indexes = new Map();
    this.answers = new Map();
    this.sources = new Map();
    return report;
  }

  private intern(text: string | undefined): number {
    if (text === undefined) return ABSENT;
    const known = this.indexes.get(text);
    if (known !== undefined) return known;
    this.indexes.set(text, this.strings.length);
    this.textLength += text.length;
    return this.strings.push(text) - 1;
  }

  private putSource(at: number, address: string | undefined, podUid: string | undefined): void {
    const { integers, sources } = this;
    let known = address === undefined ? undefined : sources.get(address);
    if (known === undefined || known.podUid !== podUid) {
      known = { address: this.intern(address), uid: this.intern(podUid), podUid };
      if (address !== undefined) sources.set(address, known);
    }
    integers[at] = known.address;
    integers[at + 1] = known.uid;
  }

  private putAnswer(at: number, { name, canonicalName, addresses }: Observation['destination']): void {
    const { integers, answers } = this;
    let known = addresses === undefined ? undefined : answers.get(addresses);
    if (known === undefined || known.nameText !== name || known.canonicalText !== canonicalName) {
      known = {
        name: this.intern(name),
        canonicalName: this.intern(canonicalName),
        addresses: addresses === undefined || addresses.length === 0 ? ABSENT : this.intern(addresses.join(' ')),
        nameText: name,
        canonicalText: canonicalName,
      };
      if (addresses !== undefined) answers.set(addresses, known);
    }
    integers[at] = known.name;
    integers[at + 1] = known.canonicalName;
    integers[at + 2] = known.addresses;
  }

  private grow(): void {
    const [integers, times] = [this.integers, this.times];
    this.integers = new Int32Array(integers.length * 2);
    this.times = new Float64Array(times.length * 2);
    this.integers.set(integers);
    this.times.set(times);
  }
}
