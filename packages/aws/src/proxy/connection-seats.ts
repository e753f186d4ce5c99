import type { Clock } from '@nm/core';

/** A place among the connections of all clients. */
export interface Seat {
  /** Something passed: the connection is at work. */
  touch(): void;
  leave(): void;
}

export interface SeatOptions {
  readonly maxConnections: number;
  readonly maxPerClient: number;
}

interface Taken {
  readonly end: () => void;
  at: number;
}

/** Whoever holds so many fewer than another gets one of the other's places when there are no more. */
const MIN_LEAD = 2;

/**
 * Shares connections among clients: none has more than `maxPerClient`, and when all are taken a newcomer gets the place of the
 * connection that was silent for longest of the client that has most of them, so that idle ones shut nobody out.
 * Without such a client there is no place.
 */
export function createSeats(
  deps: { readonly clock: Clock },
  options: SeatOptions,
): { take(client: string, end: () => void): Seat | undefined } {
  const clients = new Map<string, Set<Taken>>();
  let count = 0;

  function leave(client: string, taken: Taken): void {
    const own = clients.get(client);
    if (own?.delete(taken) !== true) return;
    count -= 1;
    if (own.size === 0) clients.delete(client);
  }

  function makeRoom(newcomerHas: number): boolean {
    const [client, most] = [...clients].reduce((a, b) => (b[1].size > a[1].size ? b : a), ['', new Set<Taken>()]);
    if (most.size - newcomerHas < MIN_LEAD) return false;
    const silent = [...most].reduce<Taken | undefined>((a, b) => (a === undefined || b.at < a.at ? b : a), undefined);
    if (silent === undefined) return false;
    leave(client, silent);
    silent.end();
    return true;
  }

  return {
    take(client, end): Seat | undefined {
      const has = clients.get(client)?.size ?? 0;
      if (has >= options.maxPerClient) return undefined;
      if (count >= options.maxConnections && !makeRoom(has)) return undefined;
      const taken: Taken = { end, at: deps.clock.now() };
      const own = clients.get(client) ?? new Set();
      clients.set(client, own.add(taken));
      count += 1;
      return { touch: () => void (taken.at = deps.clock.now()), leave: () => leave(client, taken) };
    },
  };
}
