import { isOtherLogger } from './log-layout.ts';
import { readConfluentEvent } from './confluent-audit.ts';
import { MESSAGE_START } from './parse-audit-message.ts';
import type { AuditMessage } from './parse-audit-message.ts';

/** What a JSON log line holds. */
export type JsonLine =
  /** One whole log event, written by a JSON layout: its message, whatever line breaks it holds. */
  | { readonly kind: 'event'; readonly text: string; readonly at?: number }
  /** A line of text that a shipper wrapped: it may begin an event or go on with one. */
  | {
      readonly kind: 'line';
      readonly text: string;
      /** `maybe`: Docker ends its parts without a line feed, and some shippers end every line so. */
      readonly partial: boolean | 'maybe';
      readonly stream?: string;
      readonly at?: number;
    }
  /** An event of Confluent's audit log, which says in fields what others say in a message. */
  | { readonly kind: 'audit'; readonly message: AuditMessage; readonly at?: number }
  /** An event of another logger, or JSON without a message. */
  | { readonly kind: 'other' };

type Json = Readonly<Record<string, unknown>>;

/** Fields that hold the message: Docker, Fluent Bit, logstash, ECS, log4j 2, Cloud Logging, GELF, journald, OpenTelemetry. */
const TEXT_FIELDS = [
  'log',
  'message',
  'msg',
  'textPayload',
  '@message',
  'MESSAGE',
  'body',
  'full_message',
  'short_message',
  'line',
  'text',
  'event',
];
const LOGGER_FIELDS = ['logger_name', 'loggerName', 'logger', 'log.logger', 'category', '@logger', '_logger'];
const TIME_FIELDS = ['time', '@timestamp', 'timestamp', 'timeMillis', 'epochMillis', 'ts', 'receiveTimestamp'];
/** JSON within JSON (`jsonPayload.message`, a wrapped line of a JSON layout) is looked into so deep. */
const MAX_DEPTH = 4;

/** Reads one line of JSON; undefined when it is not an object. */
export function parseJsonLine(line: string): JsonLine | undefined {
  const value = parseObject(line);
  return value === undefined ? undefined : readObject(value, 0);
}

function readObject(value: Json, depth: number): JsonLine {
  const message = readConfluentEvent(value);
  if (message !== undefined) {
    const at = timeOf(value);
    return { kind: 'audit', message, ...(at === undefined ? {} : { at }) };
  }
  const found = findText(value, depth);
  if (found === undefined) return { kind: 'other' };
  const at = timeOf(value) ?? timeOf(found.owner);
  const time = at === undefined ? {} : { at };
  const logger = loggerOf(found.owner) ?? loggerOf(value);
  if (logger !== undefined) return isOtherLogger(logger) ? { kind: 'other' } : { kind: 'event', text: found.text, ...time };
  if (depth < MAX_DEPTH && found.text.startsWith('{')) {
    const inner = parseObject(found.text);
    if (inner !== undefined) {
      const read = readObject(inner, depth + 1);
      return read.kind === 'other' || read.at !== undefined ? read : { ...read, ...time };
    }
  }
  // A JSON layout without the logger's name still writes level or thread; a shipper knows neither.
  if (found.text.startsWith(MESSAGE_START) && isLayout(found.owner)) return { kind: 'event', text: found.text, ...time };
  const { stream } = value;
  const ended = found.text.endsWith('\n');
  return {
    kind: 'line',
    text: ended ? found.text.slice(0, -1) : found.text,
    partial: !ended && typeof stream === 'string' && value['log'] === found.text && isPart(value),
    ...(typeof stream === 'string' ? { stream } : {}),
    ...time,
  };
}

/** Fluent Bit keeps the container runtime's tag (`F`, `P`); Docker's own file has none. */
function isPart(value: Json): boolean | 'maybe' {
  const tag = value['_p'] ?? value['logtag'];
  return typeof tag === 'string' ? tag.startsWith('P') : 'maybe';
}

function isLayout(owner: Json): boolean {
  return ['level', 'severity', 'log.level', 'thread', 'thread_name', 'threadName', 'process.thread.name', 'levelname'].some(
    (field) => typeof owner[field] === 'string',
  );
}

function findText(value: Json, depth: number): { readonly text: string; readonly owner: Json } | undefined {
  for (const field of TEXT_FIELDS) {
    const text = value[field];
    if (typeof text === 'string') return { text, owner: value };
  }
  if (depth >= MAX_DEPTH) return undefined;
  let fallback: { readonly text: string; readonly owner: Json } | undefined;
  for (const inner of Object.values(value)) {
    if (typeof inner === 'string' && inner.includes(MESSAGE_START)) return { text: inner, owner: value };
    if (!isObject(inner)) continue;
    const found = findText(inner, depth + 1);
    if (found === undefined) continue;
    if (found.text.includes(MESSAGE_START)) return found;
    fallback ??= found;
  }
  return fallback;
}

function loggerOf(value: Json): string | undefined {
  for (const field of LOGGER_FIELDS) {
    const logger = value[field];
    if (typeof logger === 'string') return logger;
  }
  const log = value['log'];
  return isObject(log) && typeof log['logger'] === 'string' ? log['logger'] : undefined;
}

function timeOf(value: Json): number | undefined {
  for (const field of TIME_FIELDS) {
    const time = value[field];
    if (typeof time === 'string') {
      const at = Date.parse(time.replace(/(\.\d{3})\d+/, '$1'));
      if (!Number.isNaN(at)) return at;
    }
    // Seconds or milliseconds: 1e11 ms is 1973, 1e11 s is the year 5138.
    if (typeof time === 'number' && time > 1e8) return time < 1e11 ? time * 1000 : time;
  }
  const instant = value['instant'];
  if (isObject(instant) && typeof instant['epochSecond'] === 'number') {
    return instant['epochSecond'] * 1000 + (typeof instant['nanoOfSecond'] === 'number' ? instant['nanoOfSecond'] / 1e6 : 0);
  }
  return undefined;
}

function parseObject(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
