/** How an interface counts time (pcapng `if_tsresol` and `if_tsoffset`), with the last upper half converted once. */
export interface TimestampUnit {
  readonly unitsPerSecond: number;
  readonly offsetSeconds: number;
  high: number;
  /** Whole microseconds of the upper half, and the units left over. */
  highMicroseconds: number;
  highRemainder: number;
}

/** `resolution`: the option's byte. Power of 2 with the top bit set, else of 10 (draft-ietf-opsawg-pcapng 4.2). */
export function createTimestampUnit(resolution: number, offsetSeconds: number): TimestampUnit {
  const unitsPerSecond = (resolution & 0x80) === 0 ? 10 ** resolution : 2 ** (resolution & 0x7f);
  return { unitsPerSecond, offsetSeconds, high: 0, highMicroseconds: offsetSeconds * 1_000_000, highRemainder: 0 };
}

/**
 * 64-bit timestamp to milliseconds since the epoch. Splits off whole seconds before it divides: 2^63 nanoseconds do not
 * fit a double, and an instant must be the same number whatever the resolution it was written with.
 */
export function toMilliseconds(unit: TimestampUnit, high: number, low: number): number {
  if (high !== unit.high) {
    const units = high * 4_294_967_296;
    const remainder = units % unit.unitsPerSecond;
    unit.high = high;
    unit.highRemainder = remainder;
    unit.highMicroseconds = ((units - remainder) / unit.unitsPerSecond + unit.offsetSeconds) * 1_000_000;
  }
  return (unit.highMicroseconds + ((unit.highRemainder + low) * 1_000_000) / unit.unitsPerSecond) / 1000;
}
