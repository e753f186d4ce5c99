import { isEventStart } from './log-layout.ts';

/**
 * What carries a log's lines: container runtimes, log shippers and tools put something of their own before every line,
 * continuation lines included. It has to go before anybody can say where a log event begins.
 */
export interface Carried {
  readonly text: string;
  /** The runtime cut a long line: the rest comes in the next one of this stream. */
  readonly partial: boolean;
  /** `stdout` or `stderr`, if the carrier says; their lines may come between each other's parts. */
  readonly stream?: string;
  /** When the runtime read the line, milliseconds since the epoch, if it says so. */
  readonly at?: number;
}

/** One line per log line, as a source writes it to its own output. */
export type LineCarrier = (line: string) => Carried | undefined;

/** The container runtime interface's log files: `2024-01-02T03:04:05.678901234Z stdout F text`, `P` for a part of a line. */
const CRI = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) ([FP])(?::[\w]+)* ?/;

function carryCri(line: string): Carried | undefined {
  const match = CRI.exec(line);
  if (match === null) return undefined;
  return { ...carried(line.slice(match[0].length), match[3] === 'P', match[1]), stream: match[2] ?? '' };
}

/** `kubectl logs --timestamps`, `docker logs -t`, CloudWatch: an RFC 3339 time (to the second at least) before every line. */
const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) (?:[\w./@-]+ (?=[[{\d]))?/;

function carryStamped(line: string): Carried | undefined {
  const match = STAMP.exec(line);
  return match === null ? undefined : carried(line.slice(match[0].length), false, match[1]);
}

/** `docker compose logs`: `kafka-1  | text`; `kubectl logs --prefix`: `[pod/kafka-0/kafka] text`. */
const NAMED = /^(?:[\w.-]+ +\| |\[pod\/[\w./-]+\] )/;

function carryNamed(line: string): Carried | undefined {
  const match = NAMED.exec(line);
  return match === null ? undefined : carried(line.slice(match[0].length), false, undefined);
}

/** The carrier of a stream, as far as this line shows it. Carriers that only put a time before lines show when another time follows. */
export function recognizeCarrier(line: string): LineCarrier | undefined {
  const first = line.charCodeAt(0);
  if (first >= 0x30 && first <= 0x39) {
    if (carryCri(line) !== undefined) return carryCri;
    const stamped = carryStamped(line);
    if (stamped !== undefined && (stamped.text.startsWith('{"') || isEventStart(stamped.text))) return carryStamped;
    return undefined;
  }
  if (first === 0x5b ? line.startsWith('[pod/') : line.includes(' | ')) return carryNamed(line) === undefined ? undefined : carryNamed;
  return undefined;
}

function carried(text: string, partial: boolean, time: string | undefined): Carried {
  const at = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(at) ? { text, partial } : { text, partial, at };
}

/** The text with terminal colours (ECMA-48 SGR) taken out. */
export function withoutColours(text: string): string {
  // oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
  return text.includes('\u001b') ? text.replace(/\u001b\[[\d;]*m/g, '') : text;
}
