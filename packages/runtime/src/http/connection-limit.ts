import type { Server, Socket } from 'node:net';

/** Why a connection was refused: its client has enough of them, or the server has. */
export type ConnectionRefusal = 'address' | 'total';

export interface ConnectionLimits {
  readonly maxConnections: number;
  /** Of one address: one client must not take the places of all others. */
  readonly maxPerAddress: number;
  /** Addresses that stand for many clients. */
  readonly exempt?: RegExp;
}

/** Bounds a server's connections. A refused one is closed without an answer. */
export function limitConnections(
  server: Server,
  { maxConnections, maxPerAddress, exempt }: ConnectionLimits,
  onRefused: (why: ConnectionRefusal) => void,
): void {
  const counts = new Map<string, number>();
  server.maxConnections = maxConnections;
  server.on('drop', () => onRefused('total'));
  server.prependListener('connection', (socket: Socket) => {
    // A client that has gone already has none.
    const address = socket.remoteAddress ?? '';
    if (exempt?.test(address) === true) return;
    const count = counts.get(address) ?? 0;
    if (count >= maxPerAddress) {
      onRefused('address');
      socket.destroy();
      return;
    }
    counts.set(address, count + 1);
    socket.once('close', () => {
      const left = (counts.get(address) ?? 1) - 1;
      if (left === 0) counts.delete(address);
      else counts.set(address, left);
    });
  });
}
