const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d{1,12})?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/**
 * Instant in milliseconds since the Unix epoch (with a fraction where the text has one), or undefined when the text is
 * not a date-time of RFC 3339 section 5.6. A leap second counts as the first second of the next minute.
 */
export function parseRfc3339(text: string): number | undefined {
  return parseOwnForm(text) ?? parseAnyForm(text);
}

/** Length of `2026-01-31T12:00:00.000Z`, as toRfc3339 writes it. */
const OWN_LENGTH = 24;
const MS_PER_DAY = 86_400_000;
const ZERO = 48;

/** The last day that was read: a map's times lie close together. */
let knownDay = '';
let knownDayStart: number | undefined;

/** A map of 100,000 edges holds half a million times in the form that we write: worth reading without a pattern. */
function parseOwnForm(text: string): number | undefined {
  if (text.length !== OWN_LENGTH || text[10] !== 'T' || text[13] !== ':' || text[16] !== ':' || text[19] !== '.' || text[23] !== 'Z')
    return undefined;
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  const milliseconds = twoDigits(text, 20) * 10 + (text.charCodeAt(22) - ZERO);
  // Not a number, or out of range: the general form decides.
  if (!(hour < 24 && minute < 60 && second < 60 && text.charCodeAt(22) >= ZERO && text.charCodeAt(22) <= ZERO + 9 && milliseconds < 1000))
    return undefined;
  const day = text.slice(0, 10);
  if (day !== knownDay) {
    knownDayStart = parseAnyForm(`${day}T00:00:00Z`);
    knownDay = day;
  }
  if (knownDayStart === undefined || knownDayStart % MS_PER_DAY !== 0) return undefined;
  return knownDayStart + hour * 3_600_000 + minute * 60_000 + second * 1000 + milliseconds;
}

/** Two decimal digits, NaN for anything else. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const ones = text.charCodeAt(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function parseAnyForm(text: string): number | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, sign, offsetHour, offsetMinute] = match;
  const date = { month: Number(month), day: Number(day), hour: Number(hour), minute: Number(minute), second: Number(second) };
  if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > daysIn(Number(year), date.month)) return undefined;
  if (date.hour > 23 || date.minute > 59 || date.second > 60) return undefined;
  const offsetMinutes = sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(offsetHour) * 60 + Number(offsetMinute));
  const whole = Date.UTC(Number(year), date.month - 1, date.day, date.hour, date.minute, date.second);
  return whole + (fraction === undefined ? 0 : Number(fraction) * 1000) - offsetMinutes * 60_000;
}

/** RFC 3339 in UTC with milliseconds, as every view writes instants. */
export function toRfc3339(instant: number): string {
  return new Date(instant).toISOString();
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
