import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, isIPv4, isIPv6 } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { AppError } from '@nm/core';
import type { Logger } from '@nm/core';
import type { ListenAddress, Metrics, Startable } from '@nm/runtime';
import { createSeats } from '../proxy/connection-seats.ts';
import type { AWS_METRICS } from '../report/aws-metrics.ts';
import { decodeQuestion, encodeAnswer, TYPE_A, TYPE_AAAA } from './dns-query.ts';

export interface DnsServerOptions {
  readonly listen: ListenAddress;
  /** Addresses of the proxy's Service, of one family or both. */
  readonly proxyAddresses: readonly string[];
  /** The cluster's DNS, asked for everything else. */
  readonly upstream: { readonly host: string; readonly port: number };
  /** Whether a name is answered with the proxy. */
  readonly isOurs: (name: string) => boolean;
  readonly maxWaiting: number;
  /** Of those, one client's. */
  readonly maxWaitingPerClient: number;
}

export const DNS_DEFAULTS = { maxWaiting: 4_096, maxWaitingPerClient: 512 } as const;

/** Short, so that a pod asks again soon after we stop. */
const TTL_SECONDS = 5;
const TIMEOUT_MS = 4_000;
const TCP_SEATS = { maxConnections: 256, maxPerClient: 32 };
/** Answers that one client has not read: who asks so much without reading is no resolver. */
const MAX_UNREAD_BYTES = 256 * 1024;

interface Waiting {
  readonly id: number;
  /** Name, type and class asked for, as sent. */
  readonly question: Buffer;
  readonly client: RemoteInfo;
  readonly until: number;
}

/**
 * Answers AWS names with the proxy's address and passes every other message on and back unchanged: UDP with an id of our own,
 * TCP byte by byte once its first query is not ours. Answers that are cut off stay so, and the client comes again by TCP.
 */
export function createDnsServer(
  deps: { readonly log: Logger; readonly metrics: Metrics<typeof AWS_METRICS> },
  options: DnsServerOptions,
): Startable & { port(): number } {
  const { metrics } = deps;
  const addressOf: Readonly<Record<number, Uint8Array | undefined>> = {
    [TYPE_A]: bytesOf(options.proxyAddresses.find((address) => isIPv4(address))),
    [TYPE_AAAA]: bytesOf(options.proxyAddresses.find((address) => isIPv6(address))),
  };
  const waiting = new Map<number, Waiting>();
  const perClient = new Map<string, number>();
  const seats = createSeats({ clock: { now: () => Date.now() } }, TCP_SEATS);
  const open = new Set<Socket>();
  const udp: UdpSocket = createSocket(options.listen.host !== undefined && !isIPv6(options.listen.host) ? 'udp4' : 'udp6');
  let onward: UdpSocket | undefined;
  let tcp: Server | undefined;
  let sweep: NodeJS.Timeout | undefined;
  let isStopped = false;

  /** The whole answer when the name is ours. */
  function answer(message: Uint8Array): Uint8Array | undefined {
    const question = decodeQuestion(message);
    if (question === undefined || !options.isOurs(question.name)) return undefined;
    metrics.dnsQueries.inc({ outcome: 'answered' });
    // Other types, and a family that the proxy has no address of: the name exists and has none, so that clients take the other family.
    return encodeAnswer(message, question, addressOf[question.type], TTL_SECONDS);
  }

  function onQuery(message: Buffer, client: RemoteInfo): void {
    // Nobody can be answered at port 0 (RFC 768), and trying to throws.
    if (message.length < 12 || client.port === 0) return;
    const ours = answer(message);
    if (ours !== undefined) {
      udp.send(ours, client.port, client.address, () => undefined);
      return;
    }
    const own = perClient.get(client.address) ?? 0;
    if (waiting.size >= options.maxWaiting || own >= options.maxWaitingPerClient) {
      metrics.dnsQueries.inc({ outcome: 'dropped' });
      return;
    }
    // Nobody shall guess it who would like to answer in the place of the cluster's DNS (RFC 5452, 4.3 and 9.2).
    let id = randomInt(0x1_0000);
    while (waiting.has(id)) id = (id + 1) & 0xffff;
    perClient.set(client.address, own + 1);
    waiting.set(id, { id: message.readUInt16BE(0), question: questionOf(message), client, until: Date.now() + TIMEOUT_MS });
    message.writeUInt16BE(id, 0);
    metrics.dnsQueries.inc({ outcome: 'forwarded' });
    onward?.send(message, () => undefined);
  }

  function forget(id: number, { client }: Waiting): void {
    waiting.delete(id);
    const left = (perClient.get(client.address) ?? 1) - 1;
    if (left <= 0) perClient.delete(client.address);
    else perClient.set(client.address, left);
  }

  function onReply(message: Buffer): void {
    if (message.length < 12) return;
    const id = message.readUInt16BE(0);
    const asked = waiting.get(id);
    if (asked === undefined || !questionOf(message).equals(asked.question)) return;
    forget(id, asked);
    message.writeUInt16BE(asked.id, 0);
    udp.send(message, asked.client.port, asked.client.address, () => undefined);
  }

  function onConnection(client: Socket): void {
    const seat = seats.take(client.remoteAddress ?? '', () => client.destroy());
    if (seat === undefined) {
      client.destroy();
      return;
    }
    open.add(client);
    let held: Buffer = Buffer.alloc(0);
    client.setTimeout(TIMEOUT_MS * 5, () => client.destroy());
    client.on('error', () => client.destroy());
    client.once('close', () => {
      seat.leave();
      open.delete(client);
    });
    const onData = (chunk: Buffer): void => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const length = held.readUInt16BE(0);
        const own = answer(held.subarray(2, 2 + length));
        if (own === undefined) {
          client.off('data', onData);
          metrics.dnsQueries.inc({ outcome: 'forwarded' });
          const server = connect(options.upstream.port, options.upstream.host);
          open.add(server);
          server.once('close', () => {
            open.delete(server);
            client.destroy();
          });
          server.on('error', () => server.destroy());
          client.once('close', () => server.destroy());
          server.write(held);
          client.pipe(server).pipe(client);
          return;
        }
        const head = Buffer.alloc(2);
        head.writeUInt16BE(own.length, 0);
        client.write(Buffer.concat([head, own]));
        if (client.writableLength > MAX_UNREAD_BYTES) {
          client.destroy();
          return;
        }
        held = held.subarray(2 + length);
      }
    };
    client.on('data', onData);
  }

  return {
    port: () => udp.address().port,
    async start(): Promise<void> {
      udp.on('message', onQuery);
      await new Promise<void>((resolve, reject) => {
        udp.once('error', (cause) =>
          reject(new AppError('listen_failed', `cannot listen on port ${options.listen.port} for DNS: ${cause.message}`, { cause })),
        );
        udp.bind(options.listen.port, options.listen.host, resolve);
      });
      udp.on('error', (error) => deps.log.warn('DNS socket', { error: error.message }));
      const out = createSocket(isIPv6(options.upstream.host) ? 'udp6' : 'udp4');
      onward = out;
      out.on('message', onReply);
      out.on('error', () => metrics.dnsQueries.inc({ outcome: 'failed' }));
      await new Promise<void>((resolve) => out.connect(options.upstream.port, options.upstream.host, () => resolve()));
      const server = createServer(onConnection);
      tcp = server;
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen((udp.address() as AddressInfo).port, options.listen.host, resolve);
      });
      sweep = setInterval(() => {
        for (const [id, asked] of waiting) {
          if (asked.until >= Date.now()) continue;
          forget(id, asked);
          metrics.dnsQueries.inc({ outcome: 'failed' });
        }
      }, 1_000).unref();
    },
    async stop(): Promise<void> {
      if (isStopped) return;
      isStopped = true;
      clearInterval(sweep);
      for (const socket of open) socket.destroy();
      udp.close();
      onward?.close();
      await new Promise<void>((done) => (tcp === undefined ? done() : tcp.close(() => done())));
    },
  };
}

function bytesOf(address: string | undefined): Uint8Array | undefined {
  if (address === undefined) return undefined;
  if (isIPv4(address)) return Uint8Array.from(address.split('.'), Number);
  // The URL parser writes every form of an IPv6 address as hexadecimal groups (RFC 5952).
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::', 2);
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

/** The first question, its letters as sent; empty where a message has none, as some servers answer to what they do not understand. */
function questionOf(message: Buffer): Buffer {
  if (message.readUInt16BE(4) === 0) return Buffer.alloc(0);
  let at = 12;
  while (at < message.length && message[at] !== 0) at += 1 + (message[at] ?? 0);
  return Buffer.from(message.subarray(12, at + 5));
}
