/**
 * Sends lookups (query and answer) or SYNs into one end of a veth pair: every frame is seen twice, going out of one end
 * and coming in at the other. Arguments: interface index, frames per second as seen, seconds, `dns`, `many` or `syn`.
 */
import koffi from 'koffi';

const CLIENTS = 1_000;
const NAMES = 5_000;
const BATCH = 512;
const SLOT_BYTES = 256;
const ETHERNET = 14;
const COPIES = 2;

const [ifindex = 0, framesPerSecond = 0, seconds = 0] = process.argv.slice(2, 5).map(Number);
const isDns = process.argv[5] !== 'syn';
const isMany = process.argv[5] === 'many';

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

const packets = allocate(BATCH * SLOT_BYTES);
const vectors = allocate(BATCH * 16);
const messages = allocate(BATCH * 64);
for (let i = 0; i < BATCH; i++) {
  vectors.view.setBigUint64(i * 16, packets.address + BigInt(i * SLOT_BYTES), true);
  messages.view.setBigUint64(i * 64 + 16, vectors.address + BigInt(i * 16), true);
  messages.view.setBigUint64(i * 64 + 24, 1n, true);
}

interface Template {
  readonly bytes: Uint8Array;
  readonly isIpv6: boolean;
}

const label = (text: string): number[] => [text.length, ...Buffer.from(text)];

/** Query and answer of a name: every fifth over IPv6, every fifth with a CNAME. */
function lookupOf(name: number): readonly [Template, Template] {
  const isIpv6 = name % 5 === 0;
  const hasCname = name % 5 === 1;
  const question = [...label(`service-${name}`), ...label('shop'), ...label('example'), 0, 0, 1, 0, 1];
  const address = [0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 198, 51, name >> 8, name & 255];
  const target = label(`edge-${name}`);
  const cname = [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 30, 0, target.length + 1, ...target, 0];
  const owner = 12 + question.length + 12;
  const answers = hasCname ? [...cname, 0xc0 | (owner >> 8), owner & 255, ...address] : [0xc0, 12, ...address];
  const message = (flags: number, count: number, rest: number[]): number[] => [
    0,
    0,
    flags >> 8,
    flags & 255,
    0,
    1,
    0,
    count,
    0,
    0,
    0,
    0,
    ...question,
    ...rest,
  ];
  return [frame(isIpv6, 17, udp(message(0x0100, 0, []))), frame(isIpv6, 17, udp(message(0x8180, hasCname ? 2 : 1, answers)))];
}

function udp(message: readonly number[]): number[] {
  const length = message.length + 8;
  return [0, 0, 0, 0, length >> 8, length & 255, 0, 0, ...message];
}

function frame(isIpv6: boolean, protocol: number, body: readonly number[]): Template {
  const ethernet = [2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8, ...(isIpv6 ? [0x86, 0xdd] : [8, 0])];
  const total = body.length + 20;
  const ip = isIpv6
    ? [0x60, 0, 0, 0, body.length >> 8, body.length & 255, protocol, 64, ...Array.from({ length: 32 }, () => 0)]
    : [0x45, 0, total >> 8, total & 255, 0, 0, 0x40, 0, 64, protocol, 0, 0, ...Array.from({ length: 8 }, () => 0)];
  return { bytes: Uint8Array.from([...ethernet, ...ip, ...body]), isIpv6 };
}

const lookups = Array.from({ length: NAMES }, (_, name) => lookupOf(name));
const syn = frame(false, 6, [0, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0]);

function putAddress(at: number, isIpv6: boolean, isServer: boolean, client: number): void {
  const { bytes } = packets;
  if (isIpv6) bytes.fill(0, at, at + 16);
  const last = isIpv6 ? at + 12 : at;
  if (isIpv6) bytes[at] = 0xfd;
  bytes[last] = 10;
  bytes[last + 1] = isServer ? 96 : 244;
  bytes[last + 2] = isServer ? 0 : client >> 8;
  bytes[last + 3] = isServer ? 10 : client & 255;
}

/** Writes a frame into a slot: addresses, ports and what makes it one of its kind. */
function put(slot: number, template: Template, fromServer: boolean, client: number, port: number, id: number): void {
  const at = slot * SLOT_BYTES;
  const { bytes, view } = packets;
  bytes.set(template.bytes, at);
  const source = at + ETHERNET + (template.isIpv6 ? 8 : 12);
  const size = template.isIpv6 ? 16 : 4;
  putAddress(source, template.isIpv6, fromServer, client);
  putAddress(source + size, template.isIpv6, !fromServer, client);
  const transport = source + 2 * size;
  view.setUint16(transport, fromServer ? 53 : port);
  if (isDns) {
    view.setUint16(transport + 2, fromServer ? port : 53);
    view.setUint16(transport + 8, id);
  } else view.setUint32(transport + 4, id);
  vectors.view.setBigUint64(slot * 16 + 8, BigInt(template.bytes.length), true);
}

let sequence = 0;
function fill(): void {
  for (let slot = 0; slot < BATCH; slot += isDns ? 2 : 1) {
    const client = sequence % CLIENTS;
    const round = Math.floor(sequence / CLIENTS);
    // Five names for each client, 5,000 in all; `many` gives each client 50, which are 50,000 pairs.
    const name = isMany ? (client * 5 + (round % 50)) % NAMES : sequence % NAMES;
    const port = 1024 + (round % 60_000);
    const id = isDns ? round & 0xffff : Math.imul(sequence, 0x9e3779b1) >>> 0;
    sequence += 1;
    const [query, answer] = lookups[name] ?? [syn, syn];
    if (isDns) {
      put(slot, query, false, client, port, id);
      put(slot + 1, answer, true, client, port, id);
    } else put(slot, syn, false, client, port, id);
  }
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
