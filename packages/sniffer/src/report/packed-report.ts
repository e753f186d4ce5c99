import { REPORT_PROTOCOL } from '@nm/api';
import type { Reporter } from '@nm/api';
import type { ByteWriter } from './byte-writer.ts';

/** Columns before the times, and the one behind them (format.ts of the package api), as numbers of 32 bits. */
export const COLUMNS_BEFORE = 14;
export const INTEGERS = COLUMNS_BEFORE + 1;
export const TIMES = 2;
/** Tenths of a millisecond: finer than anything that is done with them, and each digit costs on the way. */
const TIMES_PER_MS = 10;

/** First byte of a packed report that is kept; JSON, as other messages are kept, never begins with it. */
const PACKED = 1;
const LENGTH_BYTES = 4;

/** What a packed report holds besides its numbers. */
interface Head {
  readonly reporter: Reporter;
  readonly sequence: number;
  readonly strings: readonly string[];
  readonly rows: number;
}

/** A report that waits to be sent; its times are instants until then, because they are told relative to the sending. */
export class PackedReport {
  readonly reporter: Reporter;
  readonly sequence: number;
  private readonly strings: readonly string[];
  private readonly integers: Int32Array;
  private readonly times: Float64Array;

  constructor(reporter: Reporter, sequence: number, strings: readonly string[], integers: Int32Array, times: Float64Array) {
    this.reporter = reporter;
    this.sequence = sequence;
    this.strings = strings;
    this.integers = integers;
    this.times = times;
  }

  get rows(): number {
    return this.times.length / TIMES;
  }

  /** The same as a `ReportBatch` that is sent at `now`, written as JSON. */
  writeJson(out: ByteWriter, now: number): void {
    const { reporter, sequence, strings } = this;
    const head = JSON.stringify({ protocol: REPORT_PROTOCOL, reporter, sentAt: new Date(now).toISOString(), sequence, strings });
    out.text(`${head.slice(0, -1)},"observations":[`);
    for (let row = 0; row < this.rows; row++) this.writeRow(out, row, now);
    out.text(']}');
  }

  /** The same for keeping: no text and no array for each row, neither now nor when it is read again. */
  toBytes(): Uint8Array {
    const { reporter, sequence, strings, integers, times } = this;
    const head = Buffer.from(JSON.stringify({ reporter, sequence, strings, rows: this.rows } satisfies Head));
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(head.length);
    return Buffer.concat([Buffer.of(PACKED), length, head, bytesOf(times), bytesOf(integers)]);
  }

  /** What `toBytes` gave; undefined for other bytes. */
  static fromBytes(bytes: Buffer): PackedReport | undefined {
    if (bytes[0] !== PACKED) return undefined;
    const headAt = 1 + LENGTH_BYTES;
    const timesAt = headAt + bytes.readUInt32LE(1);
    const { reporter, sequence, strings, rows } = JSON.parse(bytes.toString('utf8', headAt, timesAt)) as Head;
    const times = new Float64Array(rows * TIMES);
    const integers = new Int32Array(rows * INTEGERS);
    const integersAt = timesAt + times.byteLength;
    bytesOf(times).set(bytes.subarray(timesAt, integersAt));
    bytesOf(integers).set(bytes.subarray(integersAt, integersAt + integers.byteLength));
    return new PackedReport(reporter, sequence, strings, integers, times);
  }

  private writeRow(out: ByteWriter, row: number, now: number): void {
    const { integers, times } = this;
    out.reserve(MAX_ROW_BYTES);
    if (row > 0) out.byte(COMMA);
    out.byte(OPEN);
    const at = row * INTEGERS;
    for (let column = 0; column < COLUMNS_BEFORE; column++) {
      out.integer(integers[at + column] as number);
      out.byte(COMMA);
    }
    for (let time = row * TIMES; time < row * TIMES + TIMES; time++) {
      out.tenths(Math.round(((times[time] as number) - now) * TIMES_PER_MS));
      out.byte(COMMA);
    }
    out.integer(integers[at + COLUMNS_BEFORE] as number);
    out.byte(CLOSE);
  }
}

/** In the machine's own byte order: kept for the process, or in a folder of the same machine. */
function bytesOf(numbers: Int32Array | Float64Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

const OPEN = 0x5b;
const CLOSE = 0x5d;
const COMMA = 0x2c;
/** 15 numbers of at most 11 characters, 2 of at most 20, and what stands between them. */
const MAX_ROW_BYTES = 256;
