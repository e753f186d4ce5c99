import type { SocketRows } from './socket-rows.ts';

/** A line of net/tcp6 is about 170 bytes; a longer one is not such a table. */
const MAX_LINE_BYTES = 512;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const COLON = 0x3a;

/**
 * Reads net/tcp, net/tcp6, net/udp and net/udp6 of procfs (Documentation/networking/proc_net_tcp.rst) piece by piece
 * into rows; no strings are made. A line that does not parse is counted and skipped.
 */
export class SocketTableParser {
  /** Lines that are no sockets. */
  malformed = 0;
  private readonly rows: SocketRows;
  private readonly rest = new Uint8Array(MAX_LINE_BYTES);
  private restLength = 0;
  private protocol = 0;
  private isHeader = true;
  private skipping = false;
  private position = 0;

  constructor(rows: SocketRows) {
    this.rows = rows;
  }

  /** Begins a table of TCP (6) or UDP (17) sockets. */
  begin(protocol: number): void {
    this.protocol = protocol;
    this.restLength = 0;
    this.isHeader = true;
    this.skipping = false;
  }

  /** The next piece of the table's text. */
  push(bytes: Uint8Array, length: number): void {
    let from = 0;
    while (from < length) {
      const found = bytes.indexOf(NEWLINE, from);
      const end = found < 0 || found >= length ? -1 : found;
      if (end < 0) {
        this.keep(bytes, from, length);
        return;
      }
      if (this.restLength > 0 || this.skipping) {
        this.keep(bytes, from, end);
        if (this.skipping) this.malformed += 1;
        else this.line(this.rest, 0, this.restLength);
        this.restLength = 0;
        this.skipping = false;
      } else this.line(bytes, from, end);
      from = end + 1;
    }
  }

  /** The end of the table: its last line may lack a newline. */
  end(): void {
    if (this.restLength > 0 && !this.skipping) this.line(this.rest, 0, this.restLength);
    this.restLength = 0;
  }

  private keep(bytes: Uint8Array, from: number, to: number): void {
    if (this.restLength + to - from > MAX_LINE_BYTES) {
      this.skipping = true;
      this.restLength = 0;
      return;
    }
    for (let i = from; i < to; i++) this.rest[this.restLength++] = bytes[i] ?? 0;
  }

  private line(bytes: Uint8Array, from: number, end: number): void {
    if (this.isHeader) {
      this.isHeader = false;
      return;
    }
    if (end - from < 2) return;
    const row = this.rows.add();
    if (row < 0) return;
    if (this.fill(row, bytes, from, end)) return;
    this.malformed += 1;
    this.rows.length = row;
  }

  /** `  sl: LOCAL:PORT REMOTE:PORT ST tx:rx tr:when retrnsmt uid timeout inode …` */
  private fill(row: number, bytes: Uint8Array, from: number, end: number): boolean {
    const { rows } = this;
    let at = from;
    while (at < end && bytes[at] !== COLON) at += 1;
    at += 1;
    while (at < end && bytes[at] === SPACE) at += 1;
    const digits = hexDigits(bytes, at, end);
    if (digits !== 8 && digits !== 32) return false;
    if (!readAddress(rows.addresses, row * 32, bytes, at, digits)) return false;
    at += digits;
    const localPort = readPort(bytes, at, end);
    at += 6;
    if (hexDigits(bytes, at, end) !== digits || !readAddress(rows.addresses, row * 32 + 16, bytes, at, digits)) return false;
    at += digits;
    const remotePort = readPort(bytes, at, end);
    at += 6;
    const state = readHex(bytes, at, 2);
    if (localPort < 0 || remotePort < 0 || state < 0 || at + 2 > end) return false;
    rows.family[row] = digits === 8 ? 4 : 6;
    rows.unmap(row);
    rows.protocol[row] = this.protocol;
    rows.localPort[row] = localPort;
    rows.remotePort[row] = remotePort;
    rows.state[row] = state;
    this.position = at + 2;
    for (let field = 0; field < 5; field++) this.skipField(bytes, end);
    rows.inode[row] = this.readDecimal(bytes, end);
    return true;
  }

  private skipField(bytes: Uint8Array, end: number): void {
    while (this.position < end && bytes[this.position] === SPACE) this.position += 1;
    while (this.position < end && bytes[this.position] !== SPACE) this.position += 1;
  }

  private readDecimal(bytes: Uint8Array, end: number): number {
    while (this.position < end && bytes[this.position] === SPACE) this.position += 1;
    let value = 0;
    for (; this.position < end; this.position++) {
      const digit = (bytes[this.position] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    return value;
  }
}

function nibble(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  if (byte >= 0x41 && byte <= 0x46) return byte - 0x37;
  return byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1;
}

function hexDigits(bytes: Uint8Array, at: number, end: number): number {
  let count = 0;
  while (at + count < end && count < 33 && nibble(bytes[at + count] ?? 0) >= 0) count += 1;
  return count;
}

function readHex(bytes: Uint8Array, at: number, digits: number): number {
  let value = 0;
  for (let i = at; i < at + digits; i++) {
    const digit = nibble(bytes[i] ?? 0);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/** `:PORT ` */
function readPort(bytes: Uint8Array, at: number, end: number): number {
  return at + 5 < end && bytes[at] === COLON && bytes[at + 5] === SPACE ? readHex(bytes, at + 1, 4) : -1;
}

/** Words of 32 bits in the byte order of the machine: little endian on x64 and arm64. */
function readAddress(out: Uint8Array, offset: number, bytes: Uint8Array, at: number, digits: number): boolean {
  for (let word = 0; word < digits / 8; word++) {
    for (let byte = 0; byte < 4; byte++) {
      const value = readHex(bytes, at + word * 8 + byte * 2, 2);
      if (value < 0) return false;
      out[offset + word * 4 + 3 - byte] = value;
    }
  }
  return true;
}
