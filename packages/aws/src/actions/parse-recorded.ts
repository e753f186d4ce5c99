import type { AwsHttpRequest } from './aws-request.ts';

/** A recorded request: one JSON object a line. */
export interface RecordedRequest extends AwsHttpRequest {
  readonly id: string;
}

/** Parses a line; undefined when it is no request. Unknown fields are ignored. */
export function parseRecorded(line: string): RecordedRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value as Readonly<Record<string, unknown>>;
  const { id, method, host, path, query, headers, body, bodyEncoding } = record;
  const names = Object.entries(typeof headers === 'object' && headers !== null ? headers : {})
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    .map(([name, text]) => [name.toLowerCase(), text]);
  const fields = Object.fromEntries(names) as Record<string, string>;
  const name = text(host) ?? fields['host'];
  if (text(method) === undefined || name === undefined) return undefined;
  const [plainPath = '', ownQuery = ''] = (text(path) ?? '/').split('?', 2);
  return {
    id: typeof id === 'number' ? String(id) : (text(id) ?? ''),
    method: (text(method) ?? 'GET').toUpperCase(),
    host: name,
    path: plainPath,
    query: (text(query) ?? ownQuery).replace(/^\?/, ''),
    headers: fields,
    body: Buffer.from(text(body) ?? '', bodyEncoding === 'base64' ? 'base64' : 'utf8'),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
