import type { ServerResponse } from 'node:http';
import { drained } from './drained.ts';

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
