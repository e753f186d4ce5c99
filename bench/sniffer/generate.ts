/**
 * Sends lookups (query and answer) or SYNs into one end of a veth pair: every frame is seen twice, going out of one end
 * and coming in at the other. Arguments: interface index, frames per second as seen, seconds, `dns`, `many` or `syn`.
 */
import koffi from 'koffi';
import { createMix, isMixKind, MIX_SLOT_BYTES } from './frames.ts';

const BATCH = 512;
const COPIES = 2;

const [ifindex = 0, framesPerSecond = 0, seconds = 0] = process.argv.slice(2, 5).map(Number);
const kind = isMixKind(process.argv[5]) ? process.argv[5] : 'dns';
const isDns = kind !== 'syn';

const libc = koffi.load(null);
const socket = libc.func('int socket(int family, int type, int protocol)') as (family: number, type: number, protocol: number) => number;
const bind = libc.func('int bind(int fd, const uint8_t *address, uint32_t length)') as (
  fd: number,
  address: Uint8Array,
  length: number,
) => number;
const mmap = libc.func('intptr_t mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)') as (
  ...args: unknown[]
) => bigint;
const sendmmsg = libc.func('int sendmmsg(int fd, intptr_t messages, uint32_t count, int flags)') as (
  fd: number,
  messages: bigint,
  count: number,
  flags: number,
) => number;

/** Memory with an address, for structures that point at each other. */
function allocate(length: number): { readonly address: bigint; readonly bytes: Uint8Array; readonly view: DataView } {
  const address = BigInt(mmap(null, length, 3, 0x22, -1, 0));
  const memory = koffi.view(address, length);
  return { address, bytes: new Uint8Array(memory), view: new DataView(memory) };
}

const fd = socket(17, 3, 0);
const link = new Uint8Array(20);
new DataView(link.buffer).setUint16(0, 17, true);
new DataView(link.buffer).setInt32(4, ifindex, true);
if (fd < 0 || bind(fd, link, 20) !== 0) throw new Error('cannot open a packet socket: run as root');

const packets = allocate(BATCH * MIX_SLOT_BYTES);
const vectors = allocate(BATCH * 16);
const messages = allocate(BATCH * 64);
for (let i = 0; i < BATCH; i++) {
  vectors.view.setBigUint64(i * 16, packets.address + BigInt(i * MIX_SLOT_BYTES), true);
  messages.view.setBigUint64(i * 64 + 16, vectors.address + BigInt(i * 16), true);
  messages.view.setBigUint64(i * 64 + 24, 1n, true);
}

const mix = createMix(kind, { count: BATCH, copies: 1, hasEthernet: true, bytes: packets.bytes });
function fill(): void {
  mix.fill();
  for (const [slot, length] of mix.lengths.entries()) vectors.view.setBigUint64(slot * 16 + 8, BigInt(length), true);
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));
const perSecond = framesPerSecond / COPIES;
const startedAt = performance.now();
let sent = 0;
let refused = 0;
while (performance.now() - startedAt < seconds * 1_000) {
  const due = ((performance.now() - startedAt) / 1_000) * perSecond;
  if (sent > due) {
    Atomics.wait(sleeper, 0, 0, Math.max(0.2, ((sent - due) / perSecond) * 1_000));
    continue;
  }
  fill();
  for (let done = 0; done < BATCH;) {
    const count = sendmmsg(fd, messages.address + BigInt(done * 64), BATCH - done, 0);
    if (count <= 0) {
      refused += 1;
      if (refused > 1_000) throw new Error('the interface takes no frames');
    } else done += count;
  }
  sent += BATCH;
}
const elapsed = (performance.now() - startedAt) / 1_000;
process.stdout.write(
  `${JSON.stringify({ frames: sent * COPIES, seconds: elapsed, lookups: isDns ? sent / 2 : 0, attempts: isDns ? 0 : sent })}\n`,
);
