import type { IncomingMessage } from 'node:http';

/** What goes wrong with the requests that it matches, in the order in which faults were planted. */
export interface Fault {
  /** Path without the query: equal, or matching. All requests when absent. */
  readonly path?: string | RegExp;
  readonly watch?: boolean;
  /** Only requests for a further page of a list. */
  readonly continued?: boolean;
  /** How many requests; 1 by default. */
  readonly times?: number;
  readonly delayMs?: number;
  /** Answers with this status and a Status object (or `body`). */
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  readonly body?: string;
  /** Takes the request and never answers. */
  readonly hang?: boolean;
  /** Closes the connection without an answer. */
  readonly drop?: boolean;
}

export interface Faults {
  plant(fault: Fault): void;
  take(request: IncomingMessage, url: URL): Fault | undefined;
  /** Faults that nothing has met so often as planted. */
  readonly pending: () => number;
}

export function createFaults(): Faults {
  const planted: { readonly fault: Fault; left: number }[] = [];
  return {
    plant: (fault) => void planted.push({ fault, left: fault.times ?? 1 }),
    take(_request, url) {
      const index = planted.findIndex(({ fault }) => matches(fault, url));
      const found = planted[index];
      if (found === undefined) return undefined;
      found.left -= 1;
      if (found.left <= 0) planted.splice(index, 1);
      return found.fault;
    },
    pending: () => planted.length,
  };
}

function matches(fault: Fault, url: URL): boolean {
  const isWatch = ['1', 'true'].includes(url.searchParams.get('watch') ?? '');
  if (fault.watch !== undefined && fault.watch !== isWatch) return false;
  if (fault.continued !== undefined && fault.continued !== url.searchParams.has('continue')) return false;
  if (fault.path === undefined) return true;
  return typeof fault.path === 'string' ? fault.path === url.pathname : fault.path.test(url.pathname);
}
