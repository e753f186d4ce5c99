import { gunzipSync } from 'node:zlib';
import type { AwsHttpRequest } from './aws-request.ts';
import { undoAwsChunked } from './aws-chunked.ts';
import { decodePartialCbor } from './decode-cbor.ts';
import { decodePartialXml } from './decode-xml.ts';
import { parsePartialJson } from './partial-json.ts';
import type { Value } from './partial-json.ts';

const MAX_UNPACKED_BYTES = 1024 * 1024;
const MAX_FORM_FIELDS = 2_000;

/** The parameters in a body, whatever its format; an empty object when there are none. Never throws. */
export function decodeBody(request: AwsHttpRequest): Value {
  const bytes = plainBytes(request);
  if (bytes.length === 0) return {};
  const type = request.headers['content-type'] ?? '';
  if (type.includes('cbor')) return decodePartialCbor(bytes) ?? {};
  const text = new TextDecoder().decode(bytes);
  if (type.includes('x-www-form-urlencoded')) return parseForm(text);
  const first = text.trimStart()[0];
  if (first === '{') return parsePartialJson(text) ?? {};
  if (first === '<') return decodePartialXml(text);
  if (/^(Action|Version)=/.test(text)) return parseForm(text);
  return {};
}

function plainBytes(request: AwsHttpRequest): Uint8Array {
  const encoding = request.headers['content-encoding'] ?? '';
  let bytes = request.body;
  const sha = request.headers['x-amz-content-sha256'] ?? '';
  if (encoding.includes('aws-chunked') || sha.startsWith('STREAMING-')) bytes = undoAwsChunked(bytes);
  if (encoding.includes('gzip')) {
    try {
      bytes = gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES, finishFlush: 2 });
    } catch {
      return new Uint8Array();
    }
  }
  return bytes;
}

/** A form of the query protocols as nested objects: `Filter.1.Name=x` is `{Filter: {1: {Name: 'x'}}}`. */
export function parseForm(text: string): Value {
  const root: Record<string, Value> = Object.create(null) as Record<string, Value>;
  let fields = 0;
  for (const [key, value] of new URLSearchParams(text)) {
    fields += 1;
    if (fields > MAX_FORM_FIELDS) break;
    const path = key.split('.');
    let at = root;
    for (const part of path.slice(0, -1)) {
      const next = at[part];
      if (typeof next === 'object' && next !== null && !Array.isArray(next)) at = next as Record<string, Value>;
      else at = at[part] = Object.create(null) as Record<string, Value> as never;
    }
    at[path.at(-1) ?? ''] = value;
  }
  return root;
}
