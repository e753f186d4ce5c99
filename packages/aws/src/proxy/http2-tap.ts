import { constants, performServerHandshake } from 'node:http2';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';
import { createBodyCollector } from './body-budget.ts';
import type { Seat } from './connection-seats.ts';
import { createHttp2DataFilter } from './http2-data-filter.ts';
import { bodyBytesToRead, keepHeader } from './request-tap.ts';
import type { RequestListener, RequestTap, TapOptions } from './request-tap.ts';

/** The largest window of HTTP/2 (RFC 9113, 6.9.1): the real server bounds what the client sends. */
const MAX_WINDOW = 2 ** 31 - 1;
/** Streams of a connection, as its client is told; and of those whose bodies are counted. */
const MAX_STREAMS = 1_000;
/** Bytes waiting to be read by the tap; beyond them it gives up on the connection. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

export interface Http2TapOptions extends TapOptions {
  /** A place among the requests that are followed at once, all connections together; `end` is called when it is taken away. */
  readonly takeSeat: (end: () => void) => Seat | undefined;
}

/**
 * Reads HTTP/2 requests from a copy of a client's bytes, with a server session of Node's own that answers into nothing.
 * Errors of the session end the reading, not the connection. A stream for which there is no seat is told by its head.
 */
export function createHttp2Tap(listener: RequestListener, options: Http2TapOptions): RequestTap {
  let isOff = false;
  const source = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => done(),
  });
  const settings = {
    initialWindowSize: MAX_WINDOW,
    maxConcurrentStreams: MAX_STREAMS,
    headerTableSize: 65_536,
    maxFrameSize: 16_777_215,
    maxHeaderListSize: 65_536,
  };
  const session: ServerHttp2Session = performServerHandshake(source, { settings, maxSessionInvalidFrames: 1_000 });
  session.setLocalWindowSize(MAX_WINDOW);

  function off(): void {
    if (isOff) return;
    isOff = true;
    session.destroy();
    source.destroy();
  }

  source.on('error', off);
  session.on('error', off);
  session.on('close', off);
  session.on('stream', (stream: ServerHttp2Stream, incoming) => {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(incoming))
      if (!name.startsWith(':') && value !== undefined) keepHeader(headers, name, String(value));
    const [path = '/', query = ''] = String(incoming[':path'] ?? '/').split('?', 2);
    const method = String(incoming[':method'] ?? 'GET');
    const host = String(incoming[':authority'] ?? headers['host'] ?? options.host);
    const body = createBodyCollector(options.budget, bodyBytesToRead(method, host, path, options));
    const seat = options.takeSeat(() => stream.destroy());
    let isDone = false;
    const finish = (): void => {
      if (isDone) return;
      isDone = true;
      listener({
        method,
        host,
        path,
        query,
        headers,
        body: body.finish(),
      });
    };
    stream.on('error', () => undefined);
    if (seat === undefined) {
      finish();
      stream.destroy();
      return;
    }
    stream.on('data', (chunk: Buffer) => {
      seat.touch();
      body.add(chunk);
    });
    stream.on('end', () => {
      finish();
      // Ends our side, so that the stream is forgotten; one that was reset is by itself, and answering it would throw.
      if (!stream.closed && !stream.destroyed) stream.respond({ [constants.HTTP2_HEADER_STATUS]: 200 }, { endStream: true });
    });
    stream.on('close', () => {
      seat.leave();
      finish();
    });
  });

  const filter = createHttp2DataFilter({ maxBodyBytes: options.maxBodyBytes, maxStreams: MAX_STREAMS });
  return {
    push(chunk): void {
      if (isOff) return;
      for (const part of filter.push(chunk)) source.push(part);
      if (source.readableLength > MAX_WAITING_BYTES) off();
    },
    end(): void {
      if (isOff) return;
      source.push(null);
      setImmediate(off);
    },
  };
}
