import { CONFLUENT_MARK } from './confluent-audit.ts';
import { createForgeryGuard, isOutOfTime, minuteOf } from './forgery-guard.ts';
import { parseJsonLine } from './json-line.ts';
import { findJson, findMessage, isEventStart, showsLevel } from './log-layout.ts';
import { recognizeCarrier, withoutColours } from './log-transport.ts';
import type { LineCarrier } from './log-transport.ts';
import { countAuditTails, MESSAGE_START, readAuditMessage } from './parse-audit-message.ts';
import type { AuditMessage } from './parse-audit-message.ts';

/** An authorizer's log event: `line` is the 1-based line on which it begins, `at` the carrier's time of that line. */
export interface AuditEvent extends AuditMessage {
  readonly line: number;
  readonly at?: number;
}

export interface AuditReaderCounts {
  lines: number;
  events: number;
  /** Events that begin like an authorizer's and cannot be read. */
  malformed: number;
  /** Lines that look like events and are part of another event's text. */
  forged: number;
  /** Lines of an event beyond the bound, left out. */
  tooLong: number;
}

export interface AuditReader {
  readonly counts: Readonly<AuditReaderCounts>;
  /** Takes the next line, without its line feed; `at` is its time if the caller knows it (milliseconds since the epoch). */
  push(line: string, at?: number): void;
  /** No more lines for now: what was read is a whole event. */
  flush(): void;
}

/** Kafka's names are at most 32,767 bytes and stand in the message up to three times. */
const MAX_EVENT_CHARACTERS = 256 * 1024;
/** An event that lacks its end may go on over so many lines that look like events of their own. */
const MAX_DOUBTFUL_LINES = 32;
/** Standard output and standard error; a log could name any. */
const MAX_STREAMS = 4;

interface Pending {
  readonly line: number;
  readonly at: number | undefined;
  readonly messageAt: number;
  /** Minute of its time and of the event before it; the event before it is another logger's. */
  readonly minute: string;
  readonly previousMinute: string;
  readonly followsOther: boolean;
  text: string;
  /** Lines that begin like events and may belong to the name of the first one. */
  doubtful: { readonly text: string; readonly line: number; readonly at: number | undefined }[];
}

interface Part {
  text: string;
  readonly line: number;
  readonly at: number | undefined;
  /** False when what follows decides whether it is a part at all. */
  readonly isSure: boolean;
}

/** A line without what carries it. */
interface CarriedText {
  readonly text: string;
  readonly partial: boolean | 'maybe';
  readonly stream?: string;
}

/**
 * Finds the authorizer's events in a log of any layout, in any carrier. Events may span lines; the reader holds one back
 * until the next begins, so call `flush` when the log is quiet.
 *
 * A stream has one carrier and one layout: both are learnt from its first lines, because that alone tells a line that
 * begins an event from one that a client put into a name.
 */
export function createAuditReader(onEvent: (event: AuditEvent) => void): AuditReader {
  const counts: AuditReaderCounts = { lines: 0, events: 0, malformed: 0, forged: 0, tooLong: 0 };
  let carrier: LineCarrier | undefined;
  let layoutKnown = false;
  const guard = createForgeryGuard();
  /** How deep in JSON we are, and where the authorizer has spoken in text: there it does not speak in JSON. */
  let depth = 0;
  const textDepths = new Set<number>();
  let lastMinute = '';
  let pending: Pending | undefined;
  /** Parts of a long line, by stream. */
  const parts = new Map<string, Part>();

  function emit(message: AuditMessage, line: number, at: number | undefined): void {
    counts.events += 1;
    onEvent({ line, ...message, ...(at === undefined ? {} : { at }) });
  }

  function emitAlone(text: string, messageAt: number, line: number, at: number | undefined): void {
    const read = readAuditMessage(text, messageAt);
    if (read === undefined) counts.malformed += 1;
    else emit(read.message, line, at);
  }

  /** Ends the pending event, if it can end here: a line break in its name leaves it without an end. */
  function settleWhole(event: Pending, nextMinute: string): boolean {
    if (event.doubtful.length > 0 && countAuditTails(event.text) <= headCount(event)) return false;
    const read = readAuditMessage(event.text, event.messageAt);
    if (read === undefined) return false;
    pending = undefined;
    const isForged =
      (event.followsOther && hasForeignText(event.text, read.end)) || isOutOfTime(event.minute, event.previousMinute, nextMinute);
    if (isForged) {
      counts.forged += 1;
      // What comes next is compared with the event around it.
      lastMinute = event.previousMinute;
      guard.wasForged();
    } else emit(read.message, event.line, event.at);
    return true;
  }

  function settle(nextMinute: string): void {
    const done = pending;
    if (done === undefined || settleWhole(done, nextMinute)) return;
    pending = undefined;
    // An event that never ended was cut off: the lines that it seemed to hold are events of their own.
    counts.malformed += 1;
    for (const { text, line, at } of done.doubtful) {
      const messageAt = findMessage(text);
      if (messageAt >= 0) emitAlone(text, messageAt, line, at);
    }
  }

  function begin(text: string, line: number, at: number | undefined): void {
    const messageAt = findMessage(text);
    // Confluent's audit events, when a logger stands in for their topic.
    const confluent = messageAt < 0 && text.includes(CONFLUENT_MARK) ? findJson(text) : undefined;
    if (confluent !== undefined && takeJson(confluent, line, at)) return;
    if (messageAt >= 0 && layoutKnown) textDepths.add(depth);
    const minute = minuteOf(text);
    if (pending !== undefined && !settleWhole(pending, minute)) {
      if (pending.doubtful.length < MAX_DOUBTFUL_LINES && pending.text.length < MAX_EVENT_CHARACTERS) {
        pending.doubtful.push({ text, line, at });
        pending.text += `\n${text}`;
        return;
      }
      settle(minute);
    }
    if (guard.begin(text, messageAt >= 0)) {
      counts.forged += 1;
      return;
    }
    const previousMinute = lastMinute;
    lastMinute = minute;
    // Whether it is a whole message shows later: a principal may hold a line break as well.
    if (messageAt >= 0) pending = { line, at, messageAt, minute, previousMinute, followsOther: guard.followsOther, text, doubtful: [] };
  }

  function goOn(text: string): void {
    if (pending === undefined) {
      guard.goOn(text);
      return;
    }
    if (pending.text.length + text.length > MAX_EVENT_CHARACTERS) {
      counts.tooLong += 1;
      return;
    }
    pending.text += `\n${text}`;
  }

  function takeLine(raw: string, line: number, at: number | undefined): void {
    const text = raw.charCodeAt(0) === ESCAPE || raw.includes('\u001b') ? withoutColours(raw) : raw;
    if (isEventStart(text)) {
      if (!layoutKnown && showsLevel(text)) layoutKnown = true;
      begin(text, line, at);
      return;
    }
    const mayBegin = !layoutKnown && text.includes(MESSAGE_START) && findMessage(text) >= 0;
    if (mayBegin && (pending === undefined || isWhole(pending))) begin(unquoted(text), line, at);
    else goOn(raw);
  }

  function takeJson(line: string, number: number, at: number | undefined): boolean {
    const read = parseJsonLine(line);
    if (read === undefined) return false;
    const time = read.kind === 'other' ? at : (at ?? read.at);
    if (read.kind === 'line') {
      depth += 1;
      takeCarried(read, number, time);
      depth -= 1;
      return true;
    }
    if (textDepths.has(depth) && (read.kind === 'audit' || (read.kind === 'event' && read.text.includes(MESSAGE_START)))) {
      counts.forged += 1;
      goOn(line);
      return true;
    }
    settle('');
    if (read.kind === 'audit') emit(read.message, number, time);
    if (read.kind !== 'event') return true;
    const text = withoutColours(read.text);
    const messageAt = text.indexOf(MESSAGE_START);
    if (messageAt >= 0) emitAlone(text, messageAt, number, time);
    return true;
  }

  function takeWhole(text: string, line: number, at: number | undefined): void {
    if (text.charCodeAt(0) === BRACE && takeJson(text, line, at)) return;
    takeLine(text, line, at);
  }

  function takeCarried({ text, partial, stream = '' }: CarriedText, line: number, at: number | undefined): void {
    let begun = parts.get(stream);
    if (begun?.isSure === false && isEventStart(text)) {
      // The one before had an end after all.
      parts.delete(stream);
      takeWhole(begun.text, begun.line, begun.at);
      begun = undefined;
    }
    if (begun === undefined && partial === false) {
      takeWhole(text, line, at);
      return;
    }
    begun ??= { text: '', line, at, isSure: partial !== 'maybe' };
    if (begun.text.length + text.length <= MAX_EVENT_CHARACTERS) begun.text += text;
    else counts.tooLong += 1;
    if (partial !== false && (parts.has(stream) || parts.size < MAX_STREAMS)) {
      parts.set(stream, begun);
      return;
    }
    parts.delete(stream);
    takeWhole(begun.text, begun.line, begun.at);
  }

  return {
    counts,
    push(line, at): void {
      counts.lines += 1;
      if (line.charCodeAt(0) === BRACE && takeJson(line.trimEnd(), counts.lines, at)) return;
      carrier ??= recognizeCarrier(line);
      const carried = carrier?.(line);
      if (carried === undefined) takeCarried({ text: line, partial: false }, counts.lines, at);
      else takeCarried(carried, counts.lines, at ?? carried.at);
    },
    flush(): void {
      for (const { text, line, at } of parts.values()) takeWhole(text, line, at);
      parts.clear();
      settle('');
    },
  };
}

const BRACE = 0x7b;
const ESCAPE = 0x1b;

function isWhole(pending: Pending): boolean {
  if (pending.doubtful.length > 0) return countAuditTails(pending.text) > headCount(pending);
  return readAuditMessage(pending.text, pending.messageAt) !== undefined;
}

/** Whether text follows the message that no layout puts there: another line, or words. */
function hasForeignText(text: string, end: number): boolean {
  if (end >= text.length) return false;
  const lineEnd = text.indexOf('\n', end);
  if (lineEnd >= 0 && text.slice(lineEnd).trim() !== '') return true;
  return /^ [A-Za-z]+ [A-Za-z]+/.test(text.slice(end, end + 200));
}

/** How many of the doubtful lines begin an authorizer's event: each brings an end of its own. */
function headCount(pending: Pending): number {
  let heads = 0;
  for (const { text } of pending.doubtful) if (findMessage(text) >= 0) heads += 1;
  return heads;
}

/** `… msg="Principal = …"`, as logfmt and indented JSON write it: the text between the quotes, unescaped. */
function unquoted(text: string): string {
  const at = text.indexOf(MESSAGE_START);
  if (at < 1 || text.charCodeAt(at - 1) !== QUOTE) return text;
  for (let end = at; end < text.length; end += 1) {
    const code = text.charCodeAt(end);
    if (code === BACKSLASH) end += 1;
    else if (code === QUOTE) {
      try {
        const value: unknown = JSON.parse(text.slice(at - 1, end + 1));
        if (typeof value === 'string') return value;
      } catch {
        return text;
      }
    }
  }
  return text;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
