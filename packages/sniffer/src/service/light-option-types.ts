import { formatDuration, formatListenAddress } from '@nm/runtime';
import type { ListenAddress, OptionType } from '@nm/runtime';

/*
 * The option types of runtime, without its validation library, which costs 14 MB of memory on every node. Forms and
 * meaning are the same; light-option-types.test.ts holds them together.
 */

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTE_UNITS: Readonly<Record<string, number>> = { '': 1, k: 1_000, M: 1e6, G: 1e9, Ki: 1_024, Mi: 1_048_576, Gi: 1_073_741_824 };

/** @param parse gives undefined for what is not of the form. */
function type<T>(form: string, parse: (value: unknown) => T | undefined, format: (value: T) => string, isSwitch = false): OptionType<T> {
  const schema = {
    safeParse(value: unknown): unknown {
      const data = parse(value);
      return data === undefined ? { success: false } : { success: true, data };
    },
  };
  // The loader asks a schema for safeParse and nothing else.
  return { form, schema: schema as unknown as OptionType<T>['schema'], format, ...(isSwitch ? { isSwitch } : {}) };
}

export function text(form = 'a text'): OptionType<string> {
  return type(
    form,
    (value) => (typeof value === 'number' ? String(value) : typeof value === 'string' && value !== '' ? value : undefined),
    String,
  );
}

export function httpUrl(): OptionType<string> {
  const parse = (value: unknown): string | undefined =>
    typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) ? value : undefined;
  return type('an address such as http://host:9090 or https://host:9443', parse, String);
}

export function boolean(): OptionType<boolean> {
  const parse = (value: unknown): boolean | undefined => {
    if (value === true || value === 'true' || value === '1' || value === 'yes') return true;
    return value === false || value === 'false' || value === '0' || value === 'no' ? false : undefined;
  };
  return type('true or false', parse, String, true);
}

export function integer(bounds: { readonly min: number; readonly max: number }): OptionType<number> {
  const parse = (value: unknown): number | undefined => {
    const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
    return typeof number === 'number' && Number.isInteger(number) && number >= bounds.min && number <= bounds.max ? number : undefined;
  };
  return type(`a whole number from ${bounds.min} to ${bounds.max}`, parse, String);
}

/** Milliseconds. */
export function duration(bounds: { readonly minMs?: number; readonly maxMs?: number } = {}): OptionType<number> {
  const minMs = bounds.minMs ?? 0;
  const maxMs = bounds.maxMs ?? Number.MAX_SAFE_INTEGER;
  const parse = (value: unknown): number | undefined => {
    const ms = typeof value === 'string' ? parseWithUnit(value, DURATION_UNITS) : undefined;
    return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined;
  };
  const limits = [
    minMs > 0 ? `at least ${formatDuration(minMs)}` : '',
    bounds.maxMs === undefined ? '' : `at most ${formatDuration(maxMs)}`,
  ].filter((part) => part !== '');
  return type(['a duration such as 500ms, 30s, 5m, 12h or 30d', ...limits].join(', '), parse, formatDuration);
}

/** Bytes. */
export function bytes(): OptionType<number> {
  const parse = (value: unknown): number | undefined => {
    const number = typeof value === 'string' ? parseWithUnit(value, BYTE_UNITS) : value;
    return typeof number === 'number' && Number.isInteger(number) && number >= 0 ? number : undefined;
  };
  return type('a size such as 1048576, 512Ki, 64Mi or 1G', parse, formatBytes);
}

export function choice<const T extends string>(values: readonly T[]): OptionType<T> {
  return type(`one of ${values.join(', ')}`, (value) => values.find((one) => one === value), String);
}

/** Comma-separated in flags and environment, a list in files. */
export function list<T>(item: OptionType<T>): OptionType<readonly T[]> {
  const parse = (value: unknown): readonly T[] | undefined => {
    const parts: unknown[] | undefined = Array.isArray(value)
      ? value
      : typeof value === 'string'
        ? value.split(',').map((part) => part.trim())
        : undefined;
    if (parts === undefined) return undefined;
    const items = parts.filter((part) => part !== '').map((part) => item.schema.safeParse(part));
    return items.every(({ success }) => success) ? items.map(({ data }) => data as T) : undefined;
  };
  return type(`a comma-separated list, each ${item.form}`, parse, (value) => value.map((part) => item.format(part)).join(','));
}

export function listenAddress(): OptionType<ListenAddress> {
  const parse = (value: unknown): ListenAddress | undefined => {
    const match = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(typeof value === 'number' ? `:${value}` : String(value));
    const port = Number(match?.[3]);
    if (match === null || port > 65_535) return undefined;
    const host = match[1] ?? match[2] ?? '';
    return host === '' ? { port } : { host, port };
  };
  return type('host:port, or :port for all addresses', parse, formatListenAddress);
}

function parseWithUnit(value: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(value.trim());
  const unit = units[match?.[2] ?? ''];
  if (match === null) return undefined;
  if (unit === undefined) return Number(match[1]) === 0 && match[2] === '' ? 0 : undefined;
  return Number(match[1]) * unit;
}

function formatBytes(value: number): string {
  for (const unit of ['Gi', 'Mi', 'Ki']) {
    const size = BYTE_UNITS[unit] ?? 1;
    if (value >= size && value % size === 0) return `${value / size}${unit}`;
  }
  return String(value);
}
