import type { Value } from './partial-json.ts';

/** What a request carries, each place in its own precedence: path, query, body, headers. */
export interface RequestParameters {
  /** Decoded labels of the path. */
  readonly labels: ReadonlyMap<string, string>;
  readonly query: URLSearchParams;
  readonly body: Value;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

const MAX_VALUES = 100;
/** Lists and objects within each other; no operation of AWS has half as many. */
const MAX_DEPTH = 64;

/** Texts at a path such as `TableName`, `Entries.EventBusName`, `RequestItems.@keys`; lists are walked through. At most 100. */
export function findParameter(parameters: RequestParameters, path: string): string[] {
  const label = parameters.labels.get(path);
  if (label !== undefined) return [label];
  const fromBody = collect(parameters.body, path.split('.'));
  if (fromBody.length > 0) return fromBody;
  const fromQuery = parameters.query.getAll(path).filter((text) => text !== '');
  if (fromQuery.length > 0) return fromQuery.slice(0, MAX_VALUES);
  const header = parameters.headers[path.toLowerCase()];
  return path.includes('-') && header !== undefined && header !== '' ? [header] : [];
}

/** True when the parameter is there at all, even as an object. */
export function hasParameter(parameters: RequestParameters, path: string): boolean {
  if (parameters.labels.has(path) || (parameters.query.get(path) ?? '') !== '') return true;
  let value: Value | undefined = parameters.body;
  for (const key of path.split('.')) value = memberOf(value, key);
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

/** True when an item of the list that a path such as `Entries.EventBusName` leads through lacks its last member, or there is none. */
export function hasItemWithout(parameters: RequestParameters, path: string): boolean {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let value: Value | undefined = parameters.body;
  for (const key of keys) value = memberOf(value, key);
  return Array.isArray(value) ? value.some((item: Value) => memberOf(item, last) === undefined) : true;
}

/** Members without regard to the first letter's case, which the protocols write differently. */
function memberOf(value: Value | undefined, key: string): Value | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const record = value as Readonly<Record<string, Value>>;
  if (Object.hasOwn(record, key)) return record[key];
  const first = key.charAt(0);
  const other = (first === first.toLowerCase() ? first.toUpperCase() : first.toLowerCase()) + key.slice(1);
  return Object.hasOwn(record, other) ? record[other] : undefined;
}

function collect(value: Value | undefined, path: readonly string[]): string[] {
  const found = new Set<string>();
  walk(value, path, found, 0);
  return [...found];
}

function walk(value: Value | undefined, path: readonly string[], found: Set<string>, depth: number): void {
  if (value === undefined || value === null || found.size >= MAX_VALUES || depth > MAX_DEPTH) return;
  if (Array.isArray(value)) {
    for (const item of value as readonly Value[]) walk(item, path, found, depth + 1);
    return;
  }
  const [key, ...rest] = path;
  if (typeof value === 'object') {
    const record = value as Readonly<Record<string, Value>>;
    if (key === '@keys') {
      for (const name of Object.keys(record).slice(0, MAX_VALUES)) found.add(name);
      return;
    }
    const own = key === undefined || key === '@keys' ? undefined : memberOf(record, key);
    if (own !== undefined) walk(own, rest, found, depth + 1);
    else if (isList(record)) for (const item of Object.values(record)) walk(item, path, found, depth + 1);
    return;
  }
  const text = String(value);
  if (key === undefined && text !== '') found.add(text);
}

/** Lists of the query protocols (`member.1`, `SubnetIdentifier.1`, `1`) and of XML (`<member>`). */
function isList(record: Readonly<Record<string, Value>>): boolean {
  const keys = Object.keys(record);
  if (keys.length === 0) return false;
  if (keys.every((key) => /^\d+$/.test(key))) return true;
  const [only = ''] = keys;
  if (keys.length > 1) return false;
  const inner = record[only];
  if (/^(member|entry|item|items|value)$/i.test(only) || Array.isArray(inner)) return true;
  return typeof inner === 'object' && inner !== null && Object.keys(inner).every((key) => /^\d+$/.test(key));
}
