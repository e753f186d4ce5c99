import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import packet from 'dns-packet';
import { Registry } from 'prom-client';
import { silentLogger } from '@nm/core';
import { createMetrics } from '@nm/runtime';
import { parseAwsHost } from '../actions/parse-host.ts';
import { AWS_METRICS } from '../report/aws-metrics.ts';
import { createDnsServer, DNS_DEFAULTS } from './dns-server.ts';

const BIG = 'big.shop.svc.cluster.local';
const upstreamUdp = createSocket('udp4');
const upstreamTcp = createServer((socket) => {
  socket.on('data', (data) => socket.write(packet.streamEncode(reply(packet.streamDecode(data)))));
});
let server: ReturnType<typeof createDnsServer>;

function reply(query: packet.Packet): packet.Packet {
  return {
    type: 'response',
    id: query.id ?? 0,
    questions: query.questions ?? [],
    answers: [{ type: 'A', name: query.questions?.[0]?.name ?? '', data: '10.1.2.3', ttl: 30 }],
  };
}

beforeAll(async () => {
  upstreamUdp.on('message', (message, client) => {
    const asked = packet.decode(message);
    const answer = reply(asked);
    const name = asked.questions?.[0]?.name;
    // Somebody else's answer comes first: to another question, and with another id.
    if (name === 'forged.shop') {
      const forged = [
        { ...answer, questions: [{ type: 'A' as const, name: 'other.shop' }] },
        { ...answer, id: ((asked.id ?? 0) + 1) & 0xffff, answers: [] },
      ];
      for (const one of forged) upstreamUdp.send(packet.encode(one), client.port, client.address);
    }
    const whole = name === BIG ? { ...answer, answers: [], flags: packet.TRUNCATED_RESPONSE } : answer;
    upstreamUdp.send(packet.encode(whole), client.port, client.address);
  });
  upstreamUdp.bind(0, '127.0.0.1');
  await once(upstreamUdp, 'listening');
  upstreamTcp.listen(upstreamUdp.address().port, '127.0.0.1');
  await once(upstreamTcp, 'listening');
  server = createDnsServer(
    { log: silentLogger, metrics: createMetrics(AWS_METRICS, new Registry()) },
    {
      ...DNS_DEFAULTS,
      listen: { host: '127.0.0.1', port: 0 },
      proxyAddresses: ['10.96.1.1', 'fd00:10:96::53'],
      upstream: { host: '127.0.0.1', port: (upstreamTcp.address() as AddressInfo).port },
      isOurs: (name) => parseAwsHost(name) !== undefined,
    },
  );
  await server.start();
});

afterAll(async () => {
  await server.stop();
  upstreamUdp.close();
  upstreamTcp.close();
});

function query(name: string, type: 'A' | 'AAAA' = 'A', edns = false): Buffer {
  return packet.encode({
    type: 'query',
    id: 4711,
    flags: packet.RECURSION_DESIRED,
    questions: [{ type, name }],
    ...(edns ? { additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0, options: [] } as never] } : {}),
  });
}

async function ask(message: Buffer): Promise<packet.DecodedPacket> {
  const client = createSocket('udp4');
  client.send(message, server.port(), '127.0.0.1');
  const [answer] = (await once(client, 'message')) as [Buffer];
  client.close();
  return packet.decode(answer);
}

test.for<[string, 'A' | 'AAAA', boolean, unknown[]]>([
  ['S3.us-east-1.amazonaws.com', 'A', false, ['10.96.1.1']],
  ['sqs.us-east-1.api.aws', 'A', true, ['10.96.1.1']],
  ['s3.us-east-1.amazonaws.com', 'AAAA', true, ['fd00:10:96::53']],
  ['web.shop.svc.cluster.local', 'A', false, ['10.1.2.3']],
  ['forged.shop', 'A', false, ['10.1.2.3']],
  ['b.s3-website-us-east-1.amazonaws.com', 'A', true, ['10.1.2.3']],
])('%s %s, EDNS %s', async ([name, type, edns, expected]) => {
  const answer = await ask(query(name, type, edns));
  expect(answer.id).toBe(4711);
  expect(answer.answers?.map((one) => (one as { data?: unknown }).data)).toEqual(expected);
});

test.for<[string, string]>([
  ['s3.amazonaws.com', '10.96.1.1'],
  ['web.shop', '10.1.2.3'],
])('TCP: %s', async ([name, expected]) => {
  const socket = connect(server.port(), '127.0.0.1');
  const message = query(name);
  socket.write(Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]));
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  expect(packet.streamDecode(data).answers?.[0]).toMatchObject({ data: expected });
});

test('an answer that was cut off stays so, and TCP gives the whole', async () => {
  expect((await ask(query(BIG))).flag_tc).toBe(true);
  const socket = connect(server.port(), '127.0.0.1');
  const message = query(BIG);
  socket.write(Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]));
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  expect(packet.streamDecode(data).answers).toHaveLength(1);
});

test.for<[string, readonly string[], 'A' | 'AAAA', unknown[]]>([
  ['only IPv4, asked for IPv6', ['10.96.1.1'], 'AAAA', []],
  ['only IPv6, asked for IPv4', ['2001:db8::1'], 'A', []],
  ['only IPv6', ['2001:DB8:0:0:1::1'], 'AAAA', ['2001:db8::1:0:0:1']],
])('on an IPv6 socket: %s', async ([, proxyAddresses, type, expected]) => {
  const own = createDnsServer(
    { log: silentLogger, metrics: createMetrics(AWS_METRICS, new Registry()) },
    { ...DNS_DEFAULTS, listen: { host: '::1', port: 0 }, proxyAddresses, upstream: { host: '::1', port: 9 }, isOurs: () => true },
  );
  await own.start();
  const client = createSocket('udp6');
  client.send(query('s3.amazonaws.com', type), own.port(), '::1');
  const [answer] = (await once(client, 'message')) as [Buffer];
  client.close();
  await own.stop();
  const { flags = 0, answers } = packet.decode(answer);
  // No error.
  expect(flags & 0xf).toBe(0);
  expect(answers?.map((one) => (one as { data?: unknown }).data)).toEqual(expected);
});

test('a packet from port 0, at which nobody can be answered, ends nothing', async () => {
  const sockets: Socket[] = [];
  const onSocket = (message: unknown): void => void sockets.push((message as { socket: Socket }).socket);
  subscribe('udp.socket', onSocket);
  const own = createDnsServer(
    { log: silentLogger, metrics: createMetrics(AWS_METRICS, new Registry()) },
    {
      ...DNS_DEFAULTS,
      listen: { host: '127.0.0.1', port: 0 },
      proxyAddresses: ['10.96.1.1'],
      upstream: { host: '127.0.0.1', port: 9 },
      isOurs: () => true,
    },
  );
  unsubscribe('udp.socket', onSocket);
  await own.start();
  // Only a raw socket can send such a packet, so it is handed over as Node would.
  const from = { address: '127.0.0.1', family: 'IPv4', port: 0, size: 0 };
  expect(sockets[0]?.listenerCount('message')).toBe(1);
  expect(() => sockets[0]?.emit('message', query('s3.amazonaws.com'), from)).not.toThrow();
  await own.stop();
});

test('a client that asks by TCP and reads nothing is cut off', async () => {
  const one = query('s3.amazonaws.com');
  const many = Buffer.concat(Array.from({ length: 2_000 }, () => Buffer.concat([Buffer.from([one.length >> 8, one.length & 255]), one])));
  const client = connect(server.port(), '127.0.0.1').on('error', () => undefined);
  await once(client, 'connect');
  client.pause();
  let sent = 0;
  while (!client.destroyed && sent < 64 * 1024 * 1024) {
    sent += many.length;
    if (!client.write(many)) await Promise.race([once(client, 'drain'), once(client, 'close')]).catch(() => undefined);
  }
  expect(client.destroyed).toBe(true);
});

test('a client whose questions nobody answers takes no other the way', async () => {
  const upstream = createSocket('udp4');
  upstream.on('message', (message, { port, address }) => {
    const { id = 0, questions = [] } = packet.decode(message);
    if (questions[0]?.name === 'web.shop') upstream.send(packet.encode({ type: 'response', id, questions }), port, address);
  });
  upstream.bind(0, '127.0.0.1');
  await once(upstream, 'listening');
  const register = new Registry();
  const own = createDnsServer(
    { log: silentLogger, metrics: createMetrics(AWS_METRICS, register) },
    {
      maxWaiting: 100,
      maxWaitingPerClient: 2,
      listen: { host: '127.0.0.1', port: 0 },
      proxyAddresses: ['10.96.1.1'],
      upstream: { host: '127.0.0.1', port: upstream.address().port },
      isOurs: () => false,
    },
  );
  await own.start();
  const [greedy, modest] = [createSocket('udp4'), createSocket('udp4')];
  modest.bind(0, '127.0.0.2');
  await once(modest, 'listening');
  for (let index = 0; index < 3; index += 1) greedy.send(query(`slow${index}.shop`), own.port(), '127.0.0.1');
  await expect.poll(() => register.getSingleMetricAsString('network_mapper_aws_dns_queries_total')).toContain('outcome="dropped"} 1');
  modest.send(query('web.shop'), own.port(), '127.0.0.1');
  const [answer] = (await once(modest, 'message')) as [Buffer];
  expect(packet.decode(answer).questions?.[0]?.name).toBe('web.shop');
  greedy.close();
  modest.close();
  upstream.close();
  await own.stop();
});
