/** Sends Ethernet frames as they are: `node send-frames.ts INTERFACE-INDEX HEX…`, as root. */
import { loadLibc } from '../capture/libc.ts';

/* linux/if_packet.h: struct sockaddr_ll. */
const AF_PACKET = 17;
const SOCK_RAW = 3;
const ADDRESS_BYTES = 20;

const [index = '0', ...frames] = process.argv.slice(2);
const libc = loadLibc();
const fd = libc.socket(AF_PACKET, SOCK_RAW, 0);
const address = new DataView(new ArrayBuffer(ADDRESS_BYTES));
address.setUint16(0, AF_PACKET, true);
address.setInt32(4, Number(index), true);
if (libc.bind(fd, new Uint8Array(address.buffer), ADDRESS_BYTES) !== 0) throw new Error(`cannot bind to interface ${index}`);
for (const hex of frames) {
  const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
  if (Number(libc.send(fd, bytes, bytes.length, 0)) !== bytes.length) throw new Error('a frame was not sent');
}
