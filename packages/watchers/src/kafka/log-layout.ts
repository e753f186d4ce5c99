import { MESSAGE_START } from './parse-audit-message.ts';

/**
 * Where a log event begins. Group ids and principals may hold line breaks, so one event may span lines, and a client can
 * make a line that looks like an authorizer's. Only a line that begins as the layout begins its events is one.
 */
const TIME = String.raw`(?:\d{4}[-/.]\d\d[-/.]\d\d[T _]\d\d:|\d\d[-/. ](?:\d\d|[A-Z][a-z]{2})[-/. ]\d{2,4}[ ,T:]|\d{8}[T ]?\d{6}|\d\d:\d\d:\d\d|\d{10}(?:\d{3})?[ .\]]|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|<\d{1,3}>)`;
const LEVEL_NAME = '(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL)';
const EVENT_START = new RegExp(String.raw`^[\["'(<]?(?:${TIME}|${LEVEL_NAME}\b|\[[^\]]{1,100}\] ${LEVEL_NAME}\b)`);
const LEVEL = new RegExp(String.raw`\b${LEVEL_NAME}\b`);

/** Whether the line begins with a time or a level, as log layouts do. */
export function isEventStart(line: string): boolean {
  const first = line.charCodeAt(0);
  // A continuation mostly begins with a space, a tab or a lower-case word: no need to ask the expression.
  if (first === 0x09 || first === 0x20 || (first >= 0x61 && first <= 0x7a)) return false;
  return EVENT_START.test(line);
}

/** Whether the start of an event shows a log level, as the layouts of log4j do and the output of scripts seldom does. */
export function showsLevel(line: string): boolean {
  return LEVEL.test(line.slice(0, 80));
}

/** Longest beginning (time, level, thread, logger) that a layout may put before the message. */
const MAX_HEAD_LENGTH = 512;
const AUTHORIZER = /(?:^|[.\s(])(?:authorizer\.)?(?:logger|a\.logger|k\.a\.logger|authorizer)$/;
const NAMED_LOGGER = /(?:^|[\s(])((?:[A-Za-z_$][\w$]*\.)*[A-Za-z_$][\w$]*)(?::\d+\)?| -)? -? ?$/;
const TRAILING_LOGGER = /\(([A-Za-z_$][\w$]*(?:\.[\w$]+)+)(?::\d+)?\)(?:\s*\[[^\]]*\])?\s*$/;
/** Words that stand alone before a message: levels, and the authorizer's name as layouts shorten it. */
const ALONE = new Set(['trace', 'debug', 'info', 'warn', 'warning', 'error', 'fatal', 'logger', 'authorizer', 'kafka']);

/**
 * Where the authorizer's message begins in a line that begins an event; -1 when the line is another logger's.
 * Other loggers print group ids too, so `Principal = ` in the middle of a sentence, or in a line that names another
 * logger, is not the authorizer speaking.
 */
export function findMessage(line: string): number {
  const at = line.indexOf(MESSAGE_START);
  if (at <= 0) return at;
  if (at > MAX_HEAD_LENGTH) return -1;
  const before = line.charCodeAt(at - 1);
  if (before === 0x20 && isLevelAt(line, at - 1)) return isOtherLoggerBehind(line) ? -1 : at;
  const head = line.slice(0, at);
  if (!endsLikeHead(head)) return -1;
  const logger = NAMED_LOGGER.exec(head)?.[1];
  if (logger !== undefined && isOtherLogger(logger) && /[:-]\s*$|\d\)?\s*$/.test(head)) return -1;
  return isOtherLoggerBehind(line) ? -1 : at;
}

/** The JSON that is all of a line's message; undefined when it stands in a sentence, or next to one. */
export function findJson(line: string): string | undefined {
  const at = line.indexOf('{');
  const end = line.lastIndexOf('}') + 1;
  if (at < 0 || at > MAX_HEAD_LENGTH || line.includes(MESSAGE_START) || !endsLikeHead(line.slice(0, at))) return undefined;
  return /^\s*(?:\([\w.$]+(?::\d+)?\))?(?:\s*\[[^\]]*\])?\s*$/.test(line.slice(end)) ? line.slice(at, end) : undefined;
}

/** Whether a message may begin behind the text: not behind a plain word, as in a sentence. */
function endsLikeHead(head: string): boolean {
  const trimmed = head.trimEnd();
  const last = trimmed.slice(-1);
  if (trimmed.length === head.length) return /["'=|\])>]/.test(last);
  const word = trimmed.slice(Math.max(trimmed.lastIndexOf(' '), trimmed.lastIndexOf('\t')) + 1);
  return /[\])}:|>"'=,;*]/.test(last) || /[.\d-]/.test(word) || ALONE.has(word.toLowerCase());
}

function isLevelAt(line: string, end: number): boolean {
  return line.startsWith('DEBUG', end - 5) || line.startsWith('INFO', end - 4) || line.startsWith('WARN', end - 4);
}

/** A layout that ends with the logger's name in parentheses ends with the authorizer's for its own lines. */
function isOtherLoggerBehind(line: string): boolean {
  if (line.endsWith('(kafka.authorizer.logger)')) return false;
  const logger = TRAILING_LOGGER.exec(line.slice(-200))?.[1];
  return logger !== undefined && isOtherLogger(logger);
}

/** True when the name of a logger says that it is not `kafka.authorizer.logger`, whole or shortened (`%c{1}`: `logger`). */
export function isOtherLogger(logger: string): boolean {
  if (AUTHORIZER.test(logger)) return false;
  // Words that are no logger's name at all (a level, a thread) say nothing.
  return /[.$]/.test(logger) || /^[A-Z][a-z]+[A-Z]/.test(logger);
}
