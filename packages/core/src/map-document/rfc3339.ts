const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d{1,12})?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/**
 * Instant in milliseconds since the Unix epoch (with a fraction where the text has one), or undefined when the text is
 * not a date-time of RFC 3339 section 5.6. A leap second counts as the first second of the next minute.
 */
export function parseRfc3339(text: string): number | undefined {
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
