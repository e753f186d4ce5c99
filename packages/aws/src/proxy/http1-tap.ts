import { keepHeader } from './request-tap.ts';
import type { RequestListener, RequestTap, TapOptions } from './request-tap.ts';

const MAX_HEAD_BYTES = 64 * 1024;
const MAX_CHUNK_LINE_BYTES = 8 * 1024;
const CRLF2 = Buffer.from('\r\n\r\n');
const EMPTY = Buffer.alloc(0);

interface Pending {
  readonly method: string;
  readonly target: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer[];
  bodyBytes: number;
}

/**
 * Reads HTTP/1.1 requests from a client's bytes (RFC 9112): heads, and bodies up to a bound. It holds one head or one chunk
 * line at a time; bytes that make no sense end its reading, not the connection.
 */
export function createHttp1Tap(listener: RequestListener, options: TapOptions): RequestTap {
  let state: 'head' | 'length' | 'chunk-line' | 'chunk' | 'trailers' | 'off' = 'head';
  let held: Buffer = EMPTY;
  let left = 0;
  let pending: Pending | undefined;

  function readHead(head: string): void {
    const [first = '', ...lines] = head.split('\r\n');
    const [method = '', target = '', version = ''] = first.split(' ');
    if (!version.startsWith('HTTP/1.')) {
      state = 'off';
      return;
    }
    const headers: Record<string, string> = {};
    let length = 0;
    let isChunked = false;
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).trim();
      if (name === 'content-length') length = Number(value);
      else if (name === 'transfer-encoding') isChunked = /chunked/i.test(value);
      else if (name === 'upgrade' && value !== '') state = 'off';
      keepHeader(headers, name, value);
    }
    pending = { method, target, headers, body: [], bodyBytes: 0 };
    if (state === 'off' || !Number.isSafeInteger(length) || length < 0) {
      finish();
      state = 'off';
    } else if (isChunked) state = 'chunk-line';
    else if (length > 0) {
      state = 'length';
      left = length;
    } else finish();
  }

  function take(bytes: Buffer): void {
    if (pending === undefined) return;
    const room = options.maxBodyBytes - pending.bodyBytes;
    if (room <= 0) return;
    // A copy: the chunk belongs to the stream.
    const part = Buffer.from(bytes.subarray(0, room));
    pending.body.push(part);
    pending.bodyBytes += part.length;
    // What is needed is there: the rest of a large body need not be waited for.
  }

  function finish(): void {
    const done = pending;
    pending = undefined;
    state = 'head';
    if (done === undefined) return;
    const url = done.target.replace(/^https?:\/\/[^/]+/, '');
    const [path = '/', query = ''] = url.split('?', 2);
    listener({
      method: done.method,
      host: done.headers['host'] ?? options.host,
      path,
      query,
      headers: done.headers,
      body: Buffer.concat(done.body),
    });
  }

  function push(chunk: Buffer): void {
    let data = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    held = EMPTY;
    while (data.length > 0) {
      if (state === 'off') return;
      if (state === 'length' || state === 'chunk') {
        const part = data.subarray(0, left);
        take(part);
        left -= part.length;
        data = data.subarray(part.length);
        if (left > 0) return;
        if (state === 'length') finish();
        else state = 'chunk-line';
        continue;
      }
      const isHead = state === 'head';
      const end = isHead ? data.indexOf(CRLF2) : data.indexOf('\r\n');
      if (end < 0) {
        if (data.length > (isHead ? MAX_HEAD_BYTES : MAX_CHUNK_LINE_BYTES)) state = 'off';
        else held = Buffer.from(data);
        return;
      }
      const text = data.toString('latin1', 0, end);
      data = data.subarray(end + (isHead ? 4 : 2));
      if (isHead) readHead(text.replace(/^(\r\n)+/, ''));
      else if (state === 'trailers') {
        if (text === '') finish();
      } else if (text !== '') {
        // After a chunk's data comes an empty line.
        const size = Number.parseInt(text, 16);
        if (!Number.isSafeInteger(size) || size < 0) state = 'off';
        else if (size === 0) state = 'trailers';
        else {
          state = 'chunk';
          left = size;
        }
      }
    }
  }

  return {
    push,
    end(): void {
      // A request that was cut off was asked for all the same.
      if (pending !== undefined) finish();
      held = EMPTY;
      state = 'off';
    },
  };
}
