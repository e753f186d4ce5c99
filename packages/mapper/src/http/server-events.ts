import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/**
 * Writes a stream of answers as Server-Sent Events (`next` … `complete`), and a comment now and then so that neither
 * side nor a proxy takes the silence for a lost connection. A slow reader is waited for: nothing is buffered for it. When
 * the signal aborts the answer ends where it is, without `complete`: whoever still reads asks again.
 */
export async function writeEvents(
  response: ServerResponse,
  events: AsyncIterable<unknown>,
  options: { readonly heartbeatMs: number; readonly signal: AbortSignal },
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  response.write(':\n\n');
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(':\n\n');
  }, options.heartbeatMs);
  try {
    for await (const event of events) {
      if (options.signal.aborted) break;
      if (!response.write(`event: next\ndata: ${JSON.stringify(event)}\n\n`)) await drained(response, options.signal);
    }
    if (!options.signal.aborted) response.write('event: complete\ndata:\n\n');
  } catch (error) {
    if (!options.signal.aborted) throw error;
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}

/** Whoever reads nothing for so long is not there: others may want its place among the subscriptions. */
const MAX_STALL_MS = 60_000;

async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  const stalled = setTimeout(() => response.destroy(), MAX_STALL_MS);
  try {
    // The signal aborts when the connection closes.
    await once(response, 'drain', { signal });
  } finally {
    clearTimeout(stalled);
  }
}
