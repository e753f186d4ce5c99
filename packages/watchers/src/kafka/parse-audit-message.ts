import { toEnumName } from './audit-names.ts';

/** What one authorizer message says. Enum values are Kafka's own names (org.apache.kafka.common.acl.AclOperation and so on). */
export interface AuditMessage {
  readonly principal: string;
  /** As printed: Java's InetAddress.getHostAddress, so IPv6 is written in full and may have a zone. */
  readonly clientIP: string;
  readonly operation: string;
  readonly resourceType: string;
  readonly name: string;
  readonly patternType: string;
  readonly result: 'ALLOWED' | 'DENIED';
  /** Absent in the oldest brokers (before 2.6), which do not print it. */
  readonly request?: string;
  /** 1 where the broker does not print it. */
  readonly resourceRefCount: number;
  /** KRaft only: SuperUser, DefaultAllow, DefaultDeny or MatchingAcl(…). */
  readonly rule?: string;
  /** No real resource is meant: the broker asked "may this principal do that on any resource?" with a made-up name. */
  readonly pseudo: boolean;
}

export const MESSAGE_START = 'Principal = ';
const REQUEST = ' for request = ';
const REF_COUNT = ' with resourceRefCount = ';
const RULE = ' based on rule ';
const HOST = ' from host = ';
const RESOURCE = ' on resource = ';
/** More places that look like the end of one message are not tried: names are at most 32 KiB, a hostile one could hold many. */
const MAX_TAILS = 64;

interface Tail {
  /** End of the resource's name. */
  readonly nameEnd: number;
  readonly request: string;
  readonly refCount: number;
  /** First character after the reference count. */
  readonly end: number;
}

/**
 * Parses the message of one log event, from `Principal = ` on; what the layout puts behind the message may follow.
 * Formats: AclAuthorizer.logAuditMessage (ZooKeeper brokers) and StandardAuthorizerData.buildAuditMessage (KRaft).
 *
 * Names and principals are any text, so words of the message may occur in them: the principal ends at the first
 * ` is Allowed|Denied operation = WORD from host = HOST on resource = `, the name at the last place that can be the end.
 * Returns undefined when the text is not a whole authorizer message.
 */
export function parseAuditMessage(text: string, from = 0): AuditMessage | undefined {
  return readAuditMessage(text, from)?.message;
}

/** The same with the place where the message ends: what follows there is the layout's, or nobody's. */
export function readAuditMessage(text: string, from: number): { readonly message: AuditMessage; readonly end: number } | undefined {
  const head = findHead(text, from);
  if (head === undefined) return undefined;
  const tail = chooseTail(text, head.resourceAt);
  if (tail === undefined) return readOldForm(text, head);
  const typeEnd = text.indexOf(':', head.resourceAt);
  const patternEnd = text.indexOf(':', typeEnd + 1);
  if (typeEnd < 0 || patternEnd < 0 || patternEnd >= tail.nameEnd) return readOldForm(text, head);
  const patternType = toEnumName(text.slice(typeEnd + 1, patternEnd));
  const rule = ruleOf(text, tail.end);
  const message: AuditMessage = {
    principal: head.principal,
    clientIP: head.clientIP,
    operation: head.operation,
    resourceType: toEnumName(text.slice(head.resourceAt, typeEnd)),
    name: text.slice(patternEnd + 1, tail.nameEnd),
    patternType,
    result: head.result,
    request: toEnumName(tail.request),
    resourceRefCount: tail.refCount,
    ...(rule === undefined ? {} : { rule }),
    pseudo: tail.refCount === 0 || patternType === 'UNKNOWN',
  };
  return { message, end: rule === undefined ? tail.end : tail.end + RULE.length + rule.length };
}

/** How many places of the text can be the end of a message. */
export function countAuditTails(text: string): number {
  let count = 0;
  for (let at = text.indexOf(REF_COUNT); at >= 0 && count < MAX_TAILS; at = text.indexOf(REF_COUNT, at + REF_COUNT.length)) {
    if (tailAt(text, at) !== undefined) count += 1;
  }
  return count;
}

interface Head {
  readonly principal: string;
  readonly clientIP: string;
  readonly operation: string;
  readonly result: 'ALLOWED' | 'DENIED';
  readonly resourceAt: number;
  /** ZooKeeper brokers write `Operation`, KRaft brokers `operation`. */
  readonly zooKeeper: boolean;
}

function findHead(text: string, from: number): Head | undefined {
  if (!text.startsWith(MESSAGE_START, from)) return undefined;
  const principalAt = from + MESSAGE_START.length;
  for (let is = text.indexOf(' is ', principalAt); is >= 0; is = text.indexOf(' is ', is + 1)) {
    const verdict = is + 4;
    const allowed = text.startsWith('Allowed ', verdict);
    if (!allowed && !text.startsWith('Denied ', verdict)) continue;
    const word = verdict + (allowed ? 8 : 7);
    if (!text.startsWith('peration = ', word + 1)) continue;
    const first = text.charCodeAt(word);
    if (first !== UPPER_O && first !== LOWER_O) continue;
    const operationAt = word + 12;
    const operationEnd = wordEnd(text, operationAt);
    if (operationEnd === operationAt || !text.startsWith(HOST, operationEnd)) continue;
    const hostAt = operationEnd + HOST.length;
    const hostEnd = text.indexOf(' ', hostAt);
    if (hostEnd <= hostAt || !text.startsWith(RESOURCE, hostEnd)) continue;
    return {
      principal: text.slice(principalAt, is),
      clientIP: text.slice(hostAt, hostEnd),
      operation: toEnumName(text.slice(operationAt, operationEnd)),
      result: allowed ? 'ALLOWED' : 'DENIED',
      resourceAt: hostEnd + RESOURCE.length,
      zooKeeper: first === UPPER_O,
    };
  }
  return undefined;
}

/**
 * The end of the name: the last tail that the rest of the message agrees with. The rule repeats the ACL's resource,
 * which is any text as well, so a tail inside it is passed over where the ACL would not fit the name.
 */
function chooseTail(text: string, resourceAt: number): Tail | undefined {
  let last: Tail | undefined;
  let tries = 0;
  for (let at = text.lastIndexOf(REF_COUNT); at > resourceAt && tries < MAX_TAILS; at = text.lastIndexOf(REF_COUNT, at - 1), tries += 1) {
    const tail = tailAt(text, at);
    if (tail === undefined) continue;
    last ??= tail;
    if (isFollowedWell(text, tail) && agreesWithRule(text, resourceAt, tail)) return tail;
  }
  return last;
}

function tailAt(text: string, refCountAt: number): Tail | undefined {
  let requestAt = refCountAt;
  while (requestAt > 0 && isWord(text.charCodeAt(requestAt - 1))) requestAt -= 1;
  const nameEnd = requestAt - REQUEST.length;
  if (requestAt === refCountAt || nameEnd < 0 || !text.startsWith(REQUEST, nameEnd)) return undefined;
  const digitsAt = refCountAt + REF_COUNT.length;
  let end = digitsAt;
  while (isDigit(text.charCodeAt(end))) end += 1;
  if (end === digitsAt) return undefined;
  return { nameEnd, request: text.slice(requestAt, refCountAt), refCount: Number(text.slice(digitsAt, end)), end };
}

/** What may stand behind a message: nothing, a rule, or something of the layout (` (logger)`, ` [thread]`, a quote, a colour). */
function isFollowedWell(text: string, tail: Tail): boolean {
  if (tail.end >= text.length || text.startsWith(RULE, tail.end)) return true;
  const next = text.charCodeAt(tail.end);
  return next !== COMMA && !isWord(next) && !text.startsWith(REQUEST, tail.end);
}

/** A prefix that holds the words behind it more often is nobody's. */
const MAX_PREFIXES = 8;
const ACL = 'MatchingAcl(acl=StandardAcl';

function agreesWithRule(text: string, resourceAt: number, tail: Tail): boolean {
  if (!text.startsWith(RULE, tail.end)) return true;
  const ruleAt = tail.end + RULE.length;
  if (!text.startsWith(ACL, ruleAt)) {
    const end = wordEnd(text, ruleAt);
    return end > ruleAt && text.charCodeAt(end) !== COMMA && !text.startsWith(REQUEST, end);
  }
  const nameMark = text.indexOf(', resourceName=', ruleAt);
  const typeEnd = text.indexOf(':', resourceAt);
  const patternEnd = text.indexOf(':', typeEnd + 1);
  if (nameMark < 0 || patternEnd < 0 || patternEnd >= tail.nameEnd) return true;
  const aclNameAt = nameMark + ', resourceName='.length;
  const nameLength = tail.nameEnd - patternEnd - 1;
  if (text.startsWith('*, patternType=LITERAL, ', aclNameAt)) return true;
  if (text.startsWith(', patternType=LITERAL, ', aclNameAt + nameLength)) {
    return text.startsWith(text.slice(patternEnd + 1, tail.nameEnd), aclNameAt);
  }
  let tries = 0;
  const mark = ', patternType=PREFIXED, ';
  for (let at = text.indexOf(mark, aclNameAt); at >= 0 && tries < MAX_PREFIXES; at = text.indexOf(mark, at + 1), tries += 1) {
    const length = at - aclNameAt;
    if (length > nameLength) return false;
    if (text.startsWith(text.slice(aclNameAt, at), patternEnd + 1)) return true;
  }
  return false;
}

/** The rule without what the layout puts behind it. */
function ruleOf(text: string, end: number): string | undefined {
  if (!text.startsWith(RULE, end)) return undefined;
  const ruleAt = end + RULE.length;
  let nameEnd = ruleAt;
  while (isWord(text.charCodeAt(nameEnd))) nameEnd += 1;
  if (text.charCodeAt(nameEnd) !== PARENTHESIS) return text.slice(ruleAt, nameEnd);
  // The ACL ends with its permission type: `permissionType=ALLOW])`, in Kafka 3 `permissionType=ALLOW))`.
  const permissionAt = text.lastIndexOf('permissionType=');
  if (permissionAt > ruleAt) {
    const close = text.indexOf(')', permissionAt);
    if (close >= 0) return text.slice(ruleAt, text.charCodeAt(close + 1) === CLOSING ? close + 2 : close + 1);
  }
  return withoutTrailer(text.slice(ruleAt));
}

/** The text without the logger's name in parentheses at its end, and what may follow that. */
function withoutTrailer(text: string): string {
  const trimmed = text.trimEnd();
  // The expression sees the end only: on long runs of spaces it would take its time.
  const endAt = Math.max(0, trimmed.length - MAX_TRAILER_CHARACTERS);
  return (trimmed.slice(0, endAt) + trimmed.slice(endAt).replace(TRAILING_LAYOUT, '')).trimEnd();
}

const MAX_TRAILER_CHARACTERS = 256;

const TRAILING_LAYOUT = /\s+\([\w.$:-]*(?:authorizer|logger)[\w.$:-]*\)(?:\s*\[[^\]]*\])?\s*$/;

/**
 * Brokers before 2.6 print neither request nor reference count, and before 2.0 no pattern type:
 * `… on resource = Topic:LITERAL:orders` and `… on resource = Topic:orders`. Nothing marks the end of the name, so it is
 * believed only on one line and when it ends where the layout says (the logger's name in parentheses) or the line does.
 */
function readOldForm(text: string, head: Head): { readonly message: AuditMessage; readonly end: number } | undefined {
  if (!head.zooKeeper) return undefined;
  const resource = withoutTrailer(text.slice(head.resourceAt));
  if (resource.includes('\n')) return undefined;
  const match = /^([A-Z][A-Za-z]+):(?:(LITERAL|PREFIXED|UNKNOWN|ANY|MATCH):)?([^\r\n]+)$/.exec(resource);
  if (match === null || resource.includes(REQUEST)) return undefined;
  const [, type = '', patternType = 'LITERAL', name = ''] = match;
  const message: AuditMessage = {
    principal: head.principal,
    clientIP: head.clientIP,
    operation: head.operation,
    resourceType: toEnumName(type),
    name,
    patternType,
    result: head.result,
    resourceRefCount: 1,
    pseudo: patternType === 'UNKNOWN',
  };
  return { message, end: text.length };
}

const UPPER_O = 0x4f;
const LOWER_O = 0x6f;
const COMMA = 0x2c;
const PARENTHESIS = 0x28;
const CLOSING = 0x29;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isWord(code: number): boolean {
  return isDigit(code) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || code === 0x5f;
}

function wordEnd(text: string, from: number): number {
  let end = from;
  while (isWord(text.charCodeAt(end))) end += 1;
  return end;
}
