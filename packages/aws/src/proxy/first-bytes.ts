import type { Socket } from 'node:net';

const TIMEOUT_MS = 10_000;
/** In how many pieces they may come: all of them are looked at with each. */
const MAX_PIECES = 1_024;

/** Collects a connection's first bytes until `take` has what it needs; the bytes are then given back to the stream. */
export function readFirst(client: Socket, maxBytes: number, take: (bytes: Buffer) => boolean): void {
  let held: Buffer = Buffer.alloc(0);
  let pieces = 0;
  const timer = setTimeout(() => client.destroy(), TIMEOUT_MS);
  const onReadable = (): void => {
    for (let chunk = client.read() as Buffer | null; chunk !== null; chunk = client.read() as Buffer | null)
      held = Buffer.concat([held, chunk]);
    if (held.length === 0) return;
    client.off('readable', onReadable);
    if (take(held)) {
      clearTimeout(timer);
      return;
    }
    pieces += 1;
    if (held.length > maxBytes || pieces >= MAX_PIECES) client.destroy();
    else client.on('readable', onReadable);
  };
  client.on('readable', onReadable);
  client.once('close', () => clearTimeout(timer));
}
