import type { Duplex } from 'node:stream';

export interface RelayOptions {
  /** Sees the client's bytes; must not throw and must not keep the chunk. */
  readonly onClientBytes?: (chunk: Buffer) => void;
  /** Counts what passed, both ways. */
  readonly onPassed: (bytes: number) => void;
  /** Both end when neither said anything for so long. */
  readonly idleMs: number;
  /** Called once, when either side has ended. */
  readonly onClose?: () => void;
}

/**
 * Joins two streams until either ends. A side that writes faster than the other takes waits; what came in one read goes out in one
 * write, so that TLS is not asked for each of its records.
 */
export function relay(client: Duplex, server: Duplex, options: RelayOptions): void {
  const end = (): void => {
    client.destroy();
    server.destroy();
  };
  let isClosed = false;
  let lastTick = 0;
  let tick = 0;
  // Looked at in steps: a timer that every chunk sets anew would cost more than the chunk.
  const idle = setInterval(() => {
    if (tick === lastTick) end();
    lastTick = tick;
  }, options.idleMs);
  idle.unref();
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    clearInterval(idle);
    options.onClose?.();
    end();
  };
  for (const stream of [client, server]) {
    stream.on('error', end);
    stream.once('close', close);
  }
  const onPassed = (bytes: number): void => {
    tick += 1;
    options.onPassed(bytes);
  };
  pass(client, server, onPassed, options.onClientBytes);
  pass(server, client, onPassed);
}

function pass(from: Duplex, to: Duplex, onPassed: (bytes: number) => void, onBytes?: (chunk: Buffer) => void): void {
  let isCorked = false;
  const uncork = (): void => {
    isCorked = false;
    to.uncork();
  };
  from.on('data', (chunk: Buffer) => {
    onBytes?.(chunk);
    onPassed(chunk.length);
    if (!isCorked) {
      isCorked = true;
      to.cork();
      process.nextTick(uncork);
    }
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
}
