import { METRIC_NAMES, toMeshMetric, TOTAL } from './mesh-series.ts';
import type { MeshSeries } from './mesh-series.ts';
import { parseSample } from './parse-sample.ts';
import { parseStatName } from './parse-stat-name.ts';

/** Takes the counters of one answer in turn: `series` names it in bytes from `from` to `end`, `read` gives its labels. */
export type CounterSink = (
  series: Uint8Array,
  from: number,
  end: number,
  value: number,
  read: () => Omit<MeshSeries, 'value'> | undefined,
) => void;

export interface ScrapeReader {
  readonly counters: number;
  /** Lines longer than the bound, left out, and lines of ours that could not be read. */
  readonly badLines: number;
  push(chunk: Uint8Array): void;
  end(): void;
}

/** Envoy refuses header lists over 60 KiB by default, so a path and its other labels are shorter than this. */
const MAX_LINE_BYTES = 128 * 1024;
const NAMES = Object.values(METRIC_NAMES).map((name) => Buffer.from(name));
const TOTAL_BYTES = Buffer.from(TOTAL);
/** Longest prefix that stands before the name in any proxy's output (`envoy_istiocustom_`). */
const MAX_PREFIX_BYTES = 24;
/** Longest first key of the old encoding with a prefix (`wasmcustom.destination_canonical_revision`). */
const MAX_FIRST_KEY_BYTES = 64;

/**
 * Reads Prometheus text (or OpenMetrics, or the admin interface's `name: value` lines) from chunks of bytes and hands
 * out Istio's counters only. Other lines are passed over without being decoded, and so are the labels of a counter
 * until somebody asks for them: an answer has thousands of counters, of which few have risen.
 */
export function createScrapeReader(onCounter: CounterSink): ScrapeReader {
  /** The beginning of a line, `held` bytes of it. Grows in steps: a hostile proxy may send a byte at a time. */
  let rest = Buffer.alloc(0);
  let held = 0;
  let skipping = false;
  let counters = 0;
  let badLines = 0;

  function hold(part: Buffer): void {
    if (held + part.length > rest.length) {
      const grown = Buffer.allocUnsafe(Math.max(2 * rest.length, held + part.length));
      rest.copy(grown, 0, 0, held);
      rest = grown;
    }
    held += part.copy(rest, held);
  }

  function takeHeld(): void {
    const line = rest.subarray(0, held);
    if (held > 0) takeLine(line, 0, held, line.includes(EXEMPLAR));
    held = 0;
  }

  function takeLine(bytes: Buffer, from: number, lineEnd: number, mayHaveExemplar: boolean): void {
    if (!isOurs(bytes, from, lineEnd)) return;
    let end = lineEnd;
    while (end > from && isSpace(bytes[end - 1])) end -= 1;
    if (bytes[from] !== LOWER_I || mayHaveExemplar || !takeQuickly(bytes, from, end)) takeSlowly(bytes, from, end);
  }

  /** `name{…} value`: the value is what follows the last brace, and a whole number as counters are. */
  function takeQuickly(bytes: Buffer, from: number, end: number): boolean {
    let at = end;
    let value = 0;
    let scale = 1;
    for (; at > from; at -= 1) {
      const digit = (bytes[at - 1] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) break;
      value += digit * scale;
      scale *= 10;
    }
    if (at === end || end - at > 15 || bytes[at - 1] !== SPACE || bytes[at - 2] !== CLOSE) return false;
    counters += 1;
    onCounter(bytes, from, at - 1, value, () => {
      const sample = parseSample(bytes.toString('utf8', from, end));
      const metric = sample === undefined ? undefined : toMeshMetric(sample.name);
      return sample === undefined || metric === undefined ? undefined : { metric, labels: sample.labels };
    });
    return true;
  }

  function takeSlowly(bytes: Buffer, from: number, end: number): void {
    const line = bytes.toString('utf8', from, end);
    const sample = parseSample(line);
    const metric = sample === undefined ? undefined : toMeshMetric(sample.name);
    if (sample !== undefined && metric !== undefined) {
      if (!Number.isFinite(sample.value) || sample.value < 0) badLines += 1;
      else {
        counters += 1;
        const series = Buffer.from(line.slice(0, sample.seriesEnd));
        onCounter(series, 0, series.length, sample.value, () => ({ metric, labels: sample.labels }));
      }
      return;
    }
    const stat = /^(.*[^:]): (\d+)$/.exec(line);
    if (stat !== null) takeStat(stat[1] ?? '', Number(stat[2]));
    else if (sample !== undefined || line.includes('{')) badLines += 1;
  }

  function takeStat(name: string, value: number): void {
    const series = Buffer.from(name);
    counters += 1;
    onCounter(series, 0, series.length, value, () => parseStatName(name));
  }

  return {
    get counters(): number {
      return counters;
    },
    get badLines(): number {
      return badLines;
    },
    push(chunk): void {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      let from = 0;
      if (held > 0 || skipping) {
        const end = bytes.indexOf(LINE_FEED);
        const partEnd = end < 0 ? bytes.length : end;
        if (!skipping && held + partEnd > MAX_LINE_BYTES) {
          badLines += 1;
          skipping = true;
          held = 0;
        }
        if (!skipping) hold(bytes.subarray(0, partEnd));
        if (end < 0) return;
        takeHeld();
        skipping = false;
        from = end + 1;
      }
      const mayHaveExemplar = bytes.includes(EXEMPLAR);
      for (let end = bytes.indexOf(LINE_FEED, from); end >= 0; end = bytes.indexOf(LINE_FEED, from)) {
        takeLine(bytes, from, end, mayHaveExemplar);
        from = end + 1;
      }
      if (from < bytes.length) hold(bytes.subarray(from));
    },
    end: takeHeld,
  };
}

/** Whether one of our names stands at the beginning of the line, behind nothing but a prefix; cheap, and sure only about no. */
function isOurs(bytes: Buffer, from: number, end: number): boolean {
  const first = bytes[from];
  if (first === HASH || end - from < 20) return false;
  for (const name of NAMES) {
    const last = Math.min(from + MAX_PREFIX_BYTES, end - name.length);
    for (let at = from; at <= last; at += 1) {
      if (bytes[at] !== LOWER_I || bytes[at + 6] !== name[6] || bytes[at + 7] !== name[7]) continue;
      if (bytes.compare(name, 0, name.length, at, at + name.length) === 0 && isNameEnd(bytes, at + name.length, end)) return true;
    }
  }
  return isPairs(bytes, from, end);
}

/** `_total` or nothing, and then no more of a name: `istio_requests_created` is another sample. */
function isNameEnd(bytes: Buffer, at: number, end: number): boolean {
  const hasTotal = end - at >= TOTAL_BYTES.length && bytes.compare(TOTAL_BYTES, 0, TOTAL_BYTES.length, at, at + TOTAL_BYTES.length) === 0;
  return hasTotal || bytes[at] !== UNDERSCORE;
}

/** Pairs of the old encoding (`reporter=.=…;.;_istio_requests_total: 1`) have the name at the end. */
function isPairs(bytes: Buffer, from: number, end: number): boolean {
  const last = Math.min(from + MAX_FIRST_KEY_BYTES, end - 3);
  for (let at = from; at < last; at += 1) {
    const code = bytes[at];
    if (code === OPEN || code === SPACE) return false;
    if (code === EQUALS) return bytes[at + 1] === DOT && bytes[at + 2] === EQUALS;
  }
  return false;
}

function isSpace(code: number | undefined): boolean {
  return code === SPACE || code === 0x0d || code === 0x09;
}

const EXEMPLAR = Buffer.from('# {');
const LINE_FEED = 0x0a;
const SPACE = 0x20;
const HASH = 0x23;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const LOWER_I = 0x69;
const UNDERSCORE = 0x5f;
const EQUALS = 0x3d;
const DOT = 0x2e;

/** Istio's counters in the answer of Envoy's admin interface `stats?format=json`; throws SyntaxError when it is not JSON. */
export function readJsonStatistics(text: string, onCounter: CounterSink): number {
  let counters = 0;
  for (const stat of parseAnswers(text)) {
    if (typeof stat !== 'object' || stat === null) continue;
    const { name, value } = stat as { readonly name?: unknown; readonly value?: unknown };
    if (typeof name !== 'string' || typeof value !== 'number' || !(value >= 0)) continue;
    if (!name.includes(METRIC_NAMES.requests) && !name.includes(METRIC_NAMES.connections)) continue;
    const series = Buffer.from(name);
    counters += 1;
    onCounter(series, 0, series.length, value, () => parseStatName(name));
  }
  return counters;
}

/** The statistics of one answer, or of those of several proxies one after the other. */
function parseAnswers(text: string): readonly unknown[] {
  try {
    return statsOf(JSON.parse(text));
  } catch (error) {
    const parts = text.split(/(?<=\})\s*(?=\{\s*"stats")/);
    if (parts.length === 1) throw error;
    return parts.flatMap((part) => statsOf(JSON.parse(part)));
  }
}

function statsOf(answer: unknown): readonly unknown[] {
  const stats = typeof answer === 'object' && answer !== null && 'stats' in answer ? answer.stats : undefined;
  if (!Array.isArray(stats)) throw new SyntaxError('no list named "stats"');
  return stats;
}
