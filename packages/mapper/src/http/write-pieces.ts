import type { ServerResponse } from 'node:http';
import { drained } from './drained.ts';

/**
 * Writes one answer piece by piece, as fast as its reader takes it. If a later piece fails, the connection is cut:
 * half an answer must not look like a whole one.
 */
export async function writePieces(
  response: ServerResponse,
  pieces: AsyncIterable<string>,
  options: { readonly asEvent: boolean; readonly signal: AbortSignal; readonly maxStallMs?: number },
): Promise<void> {
  const contentType = options.asEvent ? 'text/event-stream' : 'application/json';
  response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' });
  try {
    if (options.asEvent) response.write('event: next\ndata: ');
    for await (const piece of pieces) {
      if (options.signal.aborted) return;
      if (!response.write(piece)) await drained(response, options.signal, options.maxStallMs);
    }
    response.end(options.asEvent ? '\n\nevent: complete\ndata:\n\n' : undefined);
  } catch (error) {
    response.destroy();
    if (!options.signal.aborted) throw error;
  }
}
