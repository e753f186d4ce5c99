/** Program of the pod: some lookups and calls of the node at the addresses given, then a connection that stays. */
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

const [address = '', address6 = ''] = process.argv.slice(2);

async function lookUp(name: string, type: 'A' | 'AAAA', server: string): Promise<void> {
  const resolver = new Resolver({ timeout: 20_000 });
  resolver.setServers([server]);
  await (type === 'A' ? resolver.resolve4(name) : resolver.resolve6(name));
}

async function call(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => resolve(socket));
    socket.once('error', reject);
  });
}

await lookUp('over-4.test', 'A', address);
await lookUp('over-6.test', 'A', `[${address6}]`);
await lookUp('of-6.test', 'AAAA', address);
await lookUp('big.test', 'A', address);
await lookUp('alias-5.test', 'A', address);
for (const host of [address, address6]) (await call(host, 8_080)).destroy();
// Nobody answers there; the attempt is seen, with the name by which its address is known.
connect(9_003, '192.0.2.7').on('error', () => undefined);
await call(address, 8_081);
process.stdout.write('done\n');
