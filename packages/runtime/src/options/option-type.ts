import { z } from 'zod';

/** How a value is written, read and shown. The same forms hold in flags, environment and file. */
export interface OptionType<T> {
  /** For people: `a duration such as 30s, 5m, 12h or 30d`. */
  readonly form: string;
  /** True when the flag may stand without a value. */
  readonly isSwitch?: boolean;
  /** Text from a flag or the environment, or a YAML value from a file. */
  readonly schema: z.ZodType<T>;
  format(value: T): string;
}

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTE_UNITS: Readonly<Record<string, number>> = { '': 1, k: 1_000, M: 1e6, G: 1e9, Ki: 1_024, Mi: 1_048_576, Gi: 1_073_741_824 };

/** Any text, not empty. */
export function text(form = 'a text'): OptionType<string> {
  return { form, schema: z.union([z.string().min(1), z.number().transform(String)]), format: (value) => value };
}

/** Kept as it was given. */
export function httpUrl(): OptionType<string> {
  const schema = z.string().refine((value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol));
  return { form: 'an address such as http://host:9090 or https://host:9443', schema, format: (value) => value };
}

export function boolean(): OptionType<boolean> {
  const schema = z.union([
    z.boolean(),
    z.enum(['true', 'false', '1', '0', 'yes', 'no']).transform((value) => /^(true|1|yes)$/.test(value)),
  ]);
  return { form: 'true or false', isSwitch: true, schema, format: String };
}

export function integer(bounds: { readonly min: number; readonly max: number }): OptionType<number> {
  const number = z.number().int().min(bounds.min).max(bounds.max);
  const schema = z.union([
    number,
    z
      .string()
      .regex(/^-?\d+$/)
      .transform(Number)
      .pipe(number),
  ]);
  return { form: `a whole number from ${bounds.min} to ${bounds.max}`, schema, format: String };
}

/** Milliseconds. */
export function duration(bounds: { readonly minMs?: number; readonly maxMs?: number } = {}): OptionType<number> {
  const minMs = bounds.minMs ?? 0;
  const maxMs = bounds.maxMs ?? Number.MAX_SAFE_INTEGER;
  const schema = z
    .string()
    .transform((value) => parseWithUnit(value, DURATION_UNITS))
    .pipe(z.number().min(minMs).max(maxMs));
  const limits = [
    minMs > 0 ? `at least ${formatDuration(minMs)}` : '',
    bounds.maxMs === undefined ? '' : `at most ${formatDuration(maxMs)}`,
  ].filter((part) => part !== '');
  return { form: ['a duration such as 500ms, 30s, 5m, 12h or 30d', ...limits].join(', '), schema, format: formatDuration };
}

/** Bytes. */
export function bytes(): OptionType<number> {
  const number = z.number().int().min(0);
  const schema = z.union([
    number,
    z
      .string()
      .transform((value) => parseWithUnit(value, BYTE_UNITS))
      .pipe(number),
  ]);
  return { form: 'a size such as 1048576, 512Ki, 64Mi or 1G', schema, format: formatBytes };
}

export function choice<const T extends string>(values: readonly T[]): OptionType<T> {
  return { form: `one of ${values.join(', ')}`, schema: z.enum(values) as unknown as z.ZodType<T>, format: (value) => value };
}

/** Comma-separated in flags and environment (a flag may be repeated), a list in files. */
export function list<T>(item: OptionType<T>): OptionType<readonly T[]> {
  const schema = z
    .union([z.array(z.unknown()), z.string().transform((value) => value.split(',').map((part) => part.trim()))])
    .transform((parts) => parts.filter((part) => part !== ''))
    .pipe(z.array(item.schema));
  return { form: `a comma-separated list, each ${item.form}`, schema, format: (value) => value.map((part) => item.format(part)).join(',') };
}

/** `name=value` pairs, comma-separated in flags and environment, a map in files; a name may have several values joined by `|`. */
export function pairs(form: string): OptionType<Readonly<Record<string, readonly string[]>>> {
  const values = z.union([z.string().transform((value) => value.split('|')), z.array(z.string())]);
  const schema = z.union([
    z.record(z.string(), values),
    z
      .string()
      .regex(/^$|^[^=,]+=[^=,]+(,[^=,]+=[^=,]+)*$/)
      .transform((value) => Object.fromEntries(value === '' ? [] : value.split(',').map((pair) => pair.split('='))))
      .pipe(z.record(z.string(), values)),
  ]);
  return {
    form,
    schema,
    format: (value) =>
      Object.entries(value)
        .map(([key, items]) => `${key}=${items.join('|')}`)
        .join(','),
  };
}

/** Where a server listens: `:9090`, `127.0.0.1:9090`, `[::1]:9090`; port 0 takes a free one. */
export interface ListenAddress {
  /** Absent: all addresses. */
  readonly host?: string;
  readonly port: number;
}

export function listenAddress(): OptionType<ListenAddress> {
  const schema = z.union([z.string(), z.number().transform((port) => `:${port}`)]).transform((value, context) => {
    const match = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(value);
    const port = Number(match?.[3]);
    if (match === null || port > 65_535) {
      context.addIssue({ code: 'custom', message: 'not host:port' });
      return z.NEVER;
    }
    const host = match[1] ?? match[2] ?? '';
    return host === '' ? { port } : { host, port };
  });
  return { form: 'host:port, or :port for all addresses', schema, format: formatListenAddress };
}

export function formatListenAddress(address: ListenAddress): string {
  const host = address.host ?? '';
  return `${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

function parseWithUnit(value: string, units: Readonly<Record<string, number>>): number {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(value.trim());
  const unit = units[match?.[2] ?? ''];
  if (match === null) return Number.NaN;
  if (unit === undefined) return Number(match[1]) === 0 && match[2] === '' ? 0 : Number.NaN;
  return Number(match[1]) * unit;
}

/** The largest unit that gives a whole number: `30d`, `90s`. */
export function formatDuration(ms: number): string {
  for (const [unit, length] of Object.entries(DURATION_UNITS).toReversed()) {
    if (ms >= length && ms % length === 0) return `${ms / length}${unit}`;
  }
  return `${ms}ms`;
}

function formatBytes(value: number): string {
  for (const unit of ['Gi', 'Mi', 'Ki']) {
    const size = BYTE_UNITS[unit] ?? 1;
    if (value >= size && value % size === 0) return `${value / size}${unit}`;
  }
  return String(value);
}
