import { closeSync, openSync, readSync } from 'node:fs';

/** Counters of net/snmp (RFC 4022, RFC 4113) that tell whether sockets of a namespace may have changed. */
export interface SocketCounters {
  /** Connections opened and accepted so far. */
  readonly opens: number;
  /** Connections that are open now. */
  readonly open: number;
  /** Datagrams sent and received so far. */
  readonly datagrams: number;
}

const TCP_NAMES = ['ActiveOpens', 'PassiveOpens', 'CurrEstab'] as const;
const UDP_NAMES = ['InDatagrams', 'OutDatagrams'] as const;
const SPACE = 0x20;
const NEWLINE = 0x0a;

/** Where the wanted values stand in the line of a protocol; kernels differ, one kernel does not. */
interface Columns {
  names: string;
  indexes: readonly number[];
}

const tcpColumns: Columns = { names: '', indexes: [] };
const udpColumns: Columns = { names: '', indexes: [] };

/** The counters in the text of net/snmp; undefined when it is something else. */
export function decodeSocketCounters(bytes: Buffer, length: number): SocketCounters | undefined {
  const tcp = readValues(bytes, length, 'Tcp: ', tcpColumns, TCP_NAMES);
  if (tcp === undefined) return undefined;
  const [active = 0, passive = 0, open = 0] = tcp;
  const [received = 0, sent = 0] = readValues(bytes, length, 'Udp: ', udpColumns, UDP_NAMES) ?? [];
  return { opens: active + passive, open, datagrams: received + sent };
}

/** A line of names followed by a line of values, both beginning with `prefix`. */
function readValues(bytes: Buffer, length: number, prefix: string, columns: Columns, wanted: readonly string[]): number[] | undefined {
  const start = bytes.toString('latin1', 0, prefix.length) === prefix ? 0 : bytes.indexOf(`\n${prefix}`, 0, 'latin1') + 1;
  const namesEnd = bytes.indexOf(NEWLINE, start);
  if ((start === 0 && bytes.toString('latin1', 0, prefix.length) !== prefix) || namesEnd < 0 || namesEnd >= length) return undefined;
  const values = namesEnd + 1;
  if (bytes.toString('latin1', values, values + prefix.length) !== prefix) return undefined;
  const names = bytes.toString('latin1', start, namesEnd);
  if (names !== columns.names) {
    const all = names.split(' ');
    columns.names = names;
    columns.indexes = wanted.map((name) => all.indexOf(name));
  }
  return columns.indexes.map((index) => (index < 0 ? 0 : readColumn(bytes, values, length, index)));
}

function readColumn(bytes: Buffer, from: number, end: number, index: number): number {
  let at = from;
  for (let skipped = 0; skipped < index; skipped++) at = bytes.indexOf(SPACE, at) + 1;
  let value = 0;
  for (; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return value;
}

/** The file is about 1.3 kB. */
const buffer = Buffer.alloc(8 * 1024);

/**
 * net/snmp of one namespace, kept open: reading it again costs half of opening it anew. An open file keeps the
 * namespace alive, so whoever has it closes it as soon as no process is in there.
 */
export class SocketCounterFile {
  private fd = -1;
  private text = Buffer.alloc(0);
  private counters: SocketCounters | undefined;

  get isOpen(): boolean {
    return this.fd >= 0;
  }

  /** @param folder of a process that is in the namespace. */
  open(folder: string): void {
    this.close();
    try {
      this.fd = openSync(`${folder}/net/snmp`, 'r');
    } catch {
      // It ended; another process of the namespace is tried the next time.
    }
  }

  /** Undefined when it cannot be read. As long as the text stands still, the same object. */
  read(): SocketCounters | undefined {
    if (this.fd < 0) return undefined;
    try {
      const length = readSync(this.fd, buffer, 0, buffer.length, 0);
      if (this.counters === undefined || length !== this.text.length || this.text.compare(buffer, 0, length) !== 0) {
        this.text = Buffer.from(buffer.subarray(0, length));
        this.counters = decodeSocketCounters(buffer, length);
      }
      return this.counters;
    } catch {
      this.close();
      return undefined;
    }
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
    this.counters = undefined;
  }
}

/** Sockets of TCP that a namespace has, from net/sockstat and net/sockstat6; those that only wait for their end apart. */
export interface SocketsInUse {
  readonly tcp: number;
  readonly tcp6: number;
  readonly timeWait: number;
}

export function parseSocketsInUse(sockstat: string, sockstat6: string): SocketsInUse | undefined {
  const tcp = /^TCP: inuse (\d+)(?: orphan \d+)? tw (\d+)/m.exec(sockstat);
  if (tcp === null) return undefined;
  // A kernel without IPv6 has no such file, and no such sockets.
  const tcp6 = /^TCP6: inuse (\d+)/m.exec(sockstat6)?.[1];
  return { tcp: Number(tcp[1]), tcp6: Number(tcp6 ?? 0), timeWait: Number(tcp[2]) };
}
