import { createBodyCollector } from './body-budget.ts';
import type { BodyCollector } from './body-budget.ts';
import { bodyBytesToRead, keepHeader } from './request-tap.ts';
import type { RequestListener, RequestTap, TapOptions } from './request-tap.ts';

const MAX_HEAD_BYTES = 64 * 1024;
const MAX_CHUNK_LINE_BYTES = 8 * 1024;
const CRLF2 = Buffer.from('\r\n\r\n');
const EMPTY = Buffer.alloc(0);

interface Pending {
  readonly method: string;
  readonly target: string;
  readonly headers: Record<string, string>;
  readonly body: BodyCollector;
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
    let length: number | undefined;
    let isChunked = false;
    let isOdd = false;
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).trim();
      // Where a body ends must be plain, or another reader could find other requests in the same bytes (RFC 9112, 6.3 and 11.2).
      if (colon < 1 || /\s/.test(name)) isOdd = true;
      else if (name === 'content-length') {
        const own = /^\d{1,15}$/.test(value) ? Number(value) : undefined;
        if (own === undefined || (length !== undefined && length !== own)) isOdd = true;
        length = own;
      } else if (name === 'transfer-encoding') {
        if (value.toLowerCase() !== 'chunked' || isChunked) isOdd = true;
        isChunked = true;
      } else if (name === 'upgrade' && value !== '') isOdd = true;
      else if (name === 'host' && headers['host'] !== undefined) isOdd = true;
      keepHeader(headers, name, value);
    }
    if (isOdd || (isChunked && length !== undefined)) {
      state = 'off';
      return;
    }
    const maxBytes = bodyBytesToRead(method, headers['host'] ?? options.host, target, options);
    pending = { method, target, headers, body: createBodyCollector(options.budget, maxBytes) };
    if (isChunked) state = 'chunk-line';
    else if (length !== undefined && length > 0) {
      state = 'length';
      left = length;
    } else finish();
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
      body: done.body.finish(),
    });
  }

  function stop(): void {
    pending?.body.finish();
    pending = undefined;
    state = 'off';
  }

  function push(chunk: Buffer): void {
    let data = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    held = EMPTY;
    while (data.length > 0) {
      if (state === 'off') return;
      if (state === 'length' || state === 'chunk') {
        const part = data.subarray(0, left);
        pending?.body.add(part);
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
        if (data.length > (isHead ? MAX_HEAD_BYTES : MAX_CHUNK_LINE_BYTES)) stop();
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
        const size = /^[0-9a-fA-F]{1,12}(?=[;\s]|$)/.test(text) ? Number.parseInt(text, 16) : -1;
        if (size < 0) stop();
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
