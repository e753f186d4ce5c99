/** Kernel states of a socket (include/net/tcp_states.h); UDP uses ESTABLISHED (connected) and CLOSE (not connected). */
export const SOCKET_ESTABLISHED = 1;
export const SOCKET_SYN_SENT = 2;
export const SOCKET_CLOSE = 7;
export const SOCKET_LISTEN = 10;

export const SOCKET_TCP = 6;
export const SOCKET_UDP = 17;

/** More sockets than this in one round are not looked at; counted (docs/limits.md). */
export const MAX_SOCKET_ROWS = 262_144;
const FIRST_CAPACITY = 1024;

/** Sockets of one round as columns, so that a hundred thousand of them make no objects. */
export class SocketRows {
  length = 0;
  /** Rows that found no room. */
  overflow = 0;
  /** Local and remote address, 16 bytes each; IPv4 in the first 4 of them. */
  addresses = new Uint8Array(FIRST_CAPACITY * 32);
  /** The same as 32-bit words. */
  words = new Uint32Array(this.addresses.buffer);
  family = new Uint8Array(FIRST_CAPACITY);
  protocol = new Uint8Array(FIRST_CAPACITY);
  state = new Uint8Array(FIRST_CAPACITY);
  localPort = new Uint16Array(FIRST_CAPACITY);
  remotePort = new Uint16Array(FIRST_CAPACITY);
  inode = new Float64Array(FIRST_CAPACITY);
  private readonly maximum: number;

  constructor(maximum: number = MAX_SOCKET_ROWS) {
    this.maximum = maximum;
  }

  /** Index of a new row for the caller to fill, or -1 when there is no room. Its addresses are zero. */
  add(): number {
    if (this.length === this.family.length && !this.grow()) {
      this.overflow += 1;
      return -1;
    }
    const row = this.length++;
    this.words.fill(0, row * 8, row * 8 + 8);
    return row;
  }

  /** A socket of both families shows IPv4 peers as IPv4-mapped (RFC 4291 2.5.5.2): such a row becomes one of IPv4. */
  unmap(row: number): void {
    if (this.family[row] === 4) return;
    const { addresses } = this;
    const local = row * 32;
    const remote = local + 16;
    if (!isMapped(addresses, remote) || !(isMapped(addresses, local) || isZero(addresses, local))) return;
    addresses.copyWithin(local, local + 12, local + 16);
    addresses.fill(0, local + 4, local + 16);
    addresses.copyWithin(remote, remote + 12, remote + 16);
    addresses.fill(0, remote + 4, remote + 16);
    this.family[row] = 4;
  }

  clear(): void {
    this.length = 0;
  }

  local(row: number): Uint8Array {
    return this.addresses.subarray(row * 32, row * 32 + (this.family[row] === 4 ? 4 : 16));
  }

  remote(row: number): Uint8Array {
    return this.addresses.subarray(row * 32 + 16, row * 32 + 16 + (this.family[row] === 4 ? 4 : 16));
  }

  private grow(): boolean {
    const capacity = this.family.length * 2;
    if (capacity > this.maximum) return false;
    this.addresses = copy(this.addresses, new Uint8Array(capacity * 32));
    this.words = new Uint32Array(this.addresses.buffer);
    this.family = copy(this.family, new Uint8Array(capacity));
    this.protocol = copy(this.protocol, new Uint8Array(capacity));
    this.state = copy(this.state, new Uint8Array(capacity));
    this.localPort = copy(this.localPort, new Uint16Array(capacity));
    this.remotePort = copy(this.remotePort, new Uint16Array(capacity));
    this.inode = copy(this.inode, new Float64Array(capacity));
    return true;
  }
}

function copy<T extends Uint8Array | Uint16Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function isMapped(bytes: Uint8Array, offset: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[offset + i] !== 0) return false;
  return bytes[offset + 10] === 0xff && bytes[offset + 11] === 0xff;
}

function isZero(bytes: Uint8Array, offset: number): boolean {
  for (let i = 0; i < 16; i++) if (bytes[offset + i] !== 0) return false;
  return true;
}
