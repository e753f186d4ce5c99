import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** Whoever reads nothing for so long is not there: what it holds (a place, rows of the database) others may want. */
export const MAX_STALL_MS = 60_000;

/**
 * Resolves when a response takes bytes again; cuts its connection when its reader takes none for `maxStallMs`. Rejects
 * when `signal` aborts, as it does when the connection closes.
 */
export async function drained(response: ServerResponse, signal: AbortSignal, maxStallMs: number = MAX_STALL_MS): Promise<void> {
  const stalled = setTimeout(() => response.destroy(), maxStallMs);
  try {
    await once(response, 'drain', { signal });
  } finally {
    clearTimeout(stalled);
  }
}
