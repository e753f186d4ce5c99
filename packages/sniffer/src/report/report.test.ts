import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { silentLogger } from '@nm/core';
import type { Observation } from '@nm/core';
import { decodeReport, REPORT_LIMITS } from '@nm/api';
import type { ReportBatch } from '@nm/api';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCompatibleProtocol } from './compatible-protocol.ts';
import { DiskSpool } from './disk-spool.ts';
import { createPost } from './http-post.ts';
import { createOwnProtocol } from './own-protocol.ts';
import type { ReportProtocol } from './report-protocol.ts';
import { createReporter } from './reporter.ts';
import type { ReportSender } from './reporter.ts';
import { Spool } from './spool.ts';

const T0 = 1_800_000_000_000;

function lookup(name: string, at = T0): Observation {
  return {
    kind: 'dns',
    vantage: 'client',
    count: 1,
    firstSeenAt: at,
    lastSeenAt: at,
    source: { address: '10.0.0.1', podUid: 'uid-1' },
    destination: { name, protocol: 'UDP', addresses: ['192.0.2.1'] },
  };
}

/** A mapper over real HTTP that answers what the test says. */
class FakeMapper {
  readonly requests: {
    readonly body: { readonly variables: Record<string, unknown>; readonly operationName: string };
    readonly authorization: string | undefined;
  }[] = [];
  answer: (request: number) => { status: number; headers?: Record<string, string>; body: unknown } = () => FakeMapper.stored();
  private server: Server | undefined;

  static stored(rejected: readonly unknown[] = []): { status: number; body: unknown } {
    return {
      status: 200,
      body: { data: { report: { stored: 1, rejected, retryAfterMs: 0, settings: { dnsPorts: [53, 1053], reportIntervalMs: 2_000 } } } },
    };
  }

  async start(): Promise<string> {
    const server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const text = gunzipSync(Buffer.concat(pieces)).toString();
        this.requests.push({
          body: JSON.parse(text) as FakeMapper['requests'][number]['body'],
          authorization: request.headers.authorization,
        });
        const { status, headers, body } = this.answer(this.requests.length);
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(JSON.stringify(body));
      });
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/query`;
  }

  batches(): ReportBatch[] {
    return this.requests.map(({ body }) => body.variables['batch'] as ReportBatch);
  }

  names(): string[] {
    return this.batches().flatMap((batch) => batch.observations.map((row) => batch.strings[row[8] ?? -1] ?? ''));
  }

  stop(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }
}

let mapper: FakeMapper;
let folder: string;
const senders: ReportSender[] = [];

beforeEach(() => {
  mapper = new FakeMapper();
  folder = mkdtempSync(`${tmpdir()}/nm-spool-`);
});

afterEach(async () => {
  for (const sender of senders.splice(0)) await sender.stop(0);
  mapper.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function create(
  url: string,
  options: {
    protocol?: ReportProtocol;
    spoolFolder?: string;
    now?: () => number;
    memoryBytes?: number;
    onSettings?: (settings: unknown) => void;
    tokenFile?: string;
  } = {},
): Promise<ReportSender> {
  const { post } = await createPost({
    url,
    connectTimeoutMs: 5_000,
    timeoutMs: 2_000,
    ...(options.tokenFile === undefined ? {} : { tokenFile: options.tokenFile }),
  });
  const sender = createReporter(
    {
      clock: { now: options.now ?? Date.now },
      log: silentLogger,
      post,
      protocol: options.protocol ?? createOwnProtocol(),
      describe: () => ({ addresses: ['192.0.2.9'], listeners: [{ port: 6443, protocol: 'TCP' }] }),
      onSettings: options.onSettings ?? (() => undefined),
    },
    { node: 'node-1', version: '1', memoryBytes: options.memoryBytes ?? 1_000_000, spoolFolder: options.spoolFolder, diskBytes: 1_000_000 },
  );
  senders.push(sender);
  return sender;
}

describe('createReporter', () => {
  test('a report is sent, acknowledged and forgotten; settings arrive', async () => {
    const onSettings = vi.fn<(settings: unknown) => void>();
    const tokenFile = `${folder}/token`;
    writeFileSync(tokenFile, 'secret\n');
    const sender = await create(await mapper.start(), { onSettings, tokenFile });
    sender.start();
    sender.add(lookup('a.example'));
    sender.flush();
    await vi.waitFor(() => expect(sender.stats()).toMatchObject({ acknowledgedRows: 1, messages: 0 }));
    expect(onSettings).toHaveBeenCalledWith({ dnsPorts: [53, 1053], reportIntervalMs: 2_000 });
    expect(mapper.requests[0]?.authorization).toBe('Bearer secret');
    const decoded = decodeReport(mapper.batches()[0], REPORT_LIMITS);
    expect(decoded).toMatchObject({ reporter: { kind: 'sniffer', node: 'node-1', addresses: ['192.0.2.9'], listeners: [{ port: 6443 }] } });
  });

  test.each([
    [
      'busy',
      { status: 503, headers: { 'retry-after': '0' }, body: { errors: [{ message: 'full', extensions: { code: 'REPORT_BUSY' } }] } },
    ],
    ['an error of the server', { status: 500, body: {} }],
    ['no permission yet', { status: 200, body: { errors: [{ message: 'no', extensions: { code: 'REPORT_FORBIDDEN' } }] } }],
    ['not a mapper', { status: 200, body: 'hello' }],
  ])('kept and sent again: %s', async (_name, failure) => {
    mapper.answer = (request) => (request === 1 ? failure : FakeMapper.stored());
    const sender = await create(await mapper.start());
    sender.start();
    sender.add(lookup('a.example'));
    sender.flush();
    await vi.waitFor(() => expect(sender.stats().acknowledgedRows).toBe(1), 5_000);
    const [first, second] = mapper.batches();
    expect(second?.sequence).toBe(first?.sequence);
    expect(sender.stats().losses).toEqual({});
  });

  test('what the mapper refuses or rejects is counted and never sent again', async () => {
    mapper.answer = (request) =>
      request === 1
        ? { status: 200, body: { errors: [{ message: 'bad', extensions: { code: 'REPORT_INVALID' } }] } }
        : FakeMapper.stored([{ index: 0, code: 'address' }]);
    const sender = await create(await mapper.start());
    sender.start();
    sender.add(lookup('a.example'));
    sender.flush();
    await vi.waitFor(() => expect(sender.stats().losses).toEqual({ refused_invalid: 1 }));
    sender.add(lookup('b.example'));
    sender.flush();
    await vi.waitFor(() => expect(sender.stats().losses).toEqual({ refused_invalid: 1, rejected_address: 1 }));
    expect(mapper.names()).toEqual(['a.example', 'b.example']);
  });

  test('ever new reasons of a false mapper do not add up', async () => {
    mapper.answer = () => FakeMapper.stored(Array.from({ length: 100 }, (_, index) => ({ index, code: `new-${index}` })));
    const sender = await create(await mapper.start());
    sender.start();
    sender.add(lookup('a.example'));
    sender.flush();
    await vi.waitFor(() => expect(sender.stats().losses).toMatchObject({ other: 52 }));
    expect(Object.keys(sender.stats().losses)).toHaveLength(49);
  });

  test('a mapper that was away for hours gets everything in order, with the right times', async () => {
    let now = T0;
    const url = await mapper.start();
    mapper.answer = () => ({ status: 503, body: {} });
    const sender = await create(url, { now: () => now });
    sender.start();
    for (const name of ['a.example', 'b.example', 'c.example']) {
      sender.add(lookup(name, now));
      sender.flush();
      now += 1_000;
    }
    await vi.waitFor(() => expect(sender.stats().failures).toBeGreaterThan(0));
    now = T0 + 3 * 3_600_000;
    mapper.requests.length = 0;
    mapper.answer = () => FakeMapper.stored();
    await vi.waitFor(() => expect(sender.stats().acknowledgedRows).toBe(3), 10_000);
    const batches = mapper.batches();
    expect(batches.map(({ sequence }) => sequence)).toEqual(batches.map(({ sequence }) => sequence).toSorted((a, b) => a - b));
    expect(batches.map((batch) => Date.parse(batch.sentAt) + (batch.observations[0]?.[14] ?? 0))).toEqual([T0, T0 + 1_000, T0 + 2_000]);
    expect(batches.every(({ sentAt }) => Date.parse(sentAt) === now)).toBe(true);
  });

  test('with a folder, a killed process loses nothing that had failed once, and keeps its instance', async () => {
    const url = await mapper.start();
    mapper.answer = () => ({ status: 503, body: {} });
    const killed = await create(url, { spoolFolder: folder });
    killed.start();
    for (const name of ['a.example', 'b.example', 'c.example']) {
      killed.add(lookup(name));
      killed.flush();
    }
    await vi.waitFor(() => expect(readdirSync(folder).filter((name) => name.endsWith('.report'))).toHaveLength(3));
    const { instance } = mapper.batches()[0]?.reporter ?? {};
    senders.length = 0;
    mapper.requests.length = 0;
    mapper.answer = () => FakeMapper.stored();
    const second = await create(url, { spoolFolder: folder });
    second.start();
    second.add(lookup('d.example'));
    second.flush();
    await vi.waitFor(() => expect(mapper.names()).toContain('d.example'), 5_000);
    const byUs = [...new Set(mapper.names())];
    expect(byUs).toEqual(['a.example', 'b.example', 'c.example', 'd.example']);
    expect(mapper.batches().every(({ reporter }) => reporter.instance === instance)).toBe(true);
    await killed.stop(0);
  });

  test.each([
    ['killed', false, { killed: 1 }],
    ['stopped', true, {}],
  ])('with a folder, the next one counts that the process was %s', async (_name, isStopped, losses) => {
    const url = await mapper.start();
    mapper.answer = () => FakeMapper.stored();
    const before = await create(url, { spoolFolder: folder });
    before.start();
    before.add(lookup('a.example'));
    before.flush();
    await vi.waitFor(() => expect(before.stats().acknowledgedRows).toBe(1), 5_000);
    if (isStopped) await before.stop(0);
    expect((await create(url, { spoolFolder: folder })).stats().losses).toEqual(losses);
  });

  test('a quiet node still says that it is there', async () => {
    let now = T0;
    const sender = await create(await mapper.start(), { now: () => now });
    sender.start();
    sender.flush();
    await vi.waitFor(() => expect(mapper.requests).toHaveLength(1));
    sender.flush();
    now += 15_000;
    sender.flush();
    await vi.waitFor(() => expect(mapper.requests).toHaveLength(2));
  });
});

describe('Spool', () => {
  const message = (sequence: number): { sequence: number; rows: number; payload: unknown } => ({
    sequence,
    rows: 1,
    payload: Array.from({ length: 100 }, (_, index) => `${sequence * 7919 + index * 104_729}`),
  });

  test('memory is bounded: the oldest goes and is counted', () => {
    const lost: [string, number][] = [];
    const spool = new Spool(undefined, { memoryBytes: 2_000 }, (reason, rows) => lost.push([reason, rows]));
    for (let sequence = 1; sequence <= 20; sequence++) spool.push(message(sequence));
    expect(spool.stats().memoryBytes).toBeLessThanOrEqual(2_000);
    expect(lost.length).toBe(20 - spool.stats().messages);
    expect(spool.first()?.sequence).toBe(lost.length + 1);
  });

  test.each([
    ['that cannot be made', '/proc/none/spool'],
    ['that is a file', '/proc/version'],
  ])('a folder %s is refused', (_, folder) => {
    const open = (): DiskSpool => new DiskSpool({ folder, maxBytes: 1_000 }, silentLogger, () => undefined);
    expect(open).toThrow(`the folder ${folder} of --spool-dir cannot be used`);
  });

  test('a folder in a folder that is not there is made', () => {
    const disk = new DiskSpool({ folder: `${folder}/a/b`, maxBytes: 1_000 }, silentLogger, () => undefined);
    expect(disk.write(1, 1, Buffer.from('x'))).toBe(true);
  });

  test('disk follows memory, in order', () => {
    const disk = new DiskSpool({ folder, maxBytes: 1_000_000 }, silentLogger, () => undefined);
    const spool = new Spool(disk, { memoryBytes: 1_500, unpackedRows: 0 }, () => undefined);
    for (let sequence = 1; sequence <= 20; sequence++) spool.push(message(sequence));
    expect(disk.size).toBeGreaterThan(5);
    spool.keep();
    const order: number[] = [];
    for (let first = spool.first(); first !== undefined; first = spool.first()) {
      order.push(first.sequence);
      expect(first.payload).toEqual(message(first.sequence).payload);
      spool.drop(first.sequence);
    }
    expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(spool.stats()).toEqual({ messages: 0, rows: 0, memoryBytes: 0, diskBytes: 0, isAway: false });
  });

  test.each([
    ['cut short', (file: Buffer) => file.subarray(0, file.length - 1)],
    ['one bit changed', (file: Buffer) => Buffer.concat([file.subarray(0, 30), Buffer.of((file[30] ?? 0) ^ 1), file.subarray(31)])],
    ['empty', () => Buffer.alloc(0)],
  ])('a file that was %s is counted and skipped', (_name, damage) => {
    const fill = new DiskSpool({ folder, maxBytes: 1_000_000 }, silentLogger, () => undefined);
    for (const sequence of [1, 2]) fill.write(sequence, 3, Buffer.alloc(100, sequence));
    const path = `${folder}/0000000000000001.report`;
    writeFileSync(path, damage(readFileSync(path)));
    writeFileSync(`${folder}/0000000000000009.report.new`, 'half');
    const lost: string[] = [];
    const disk = new DiskSpool({ folder, maxBytes: 1_000_000 }, silentLogger, (reason) => lost.push(reason));
    expect(disk.readFirst()?.sequence).toBe(2);
    expect(lost).toEqual(['spool_corrupt']);
    expect(readdirSync(folder)).toEqual(['0000000000000002.report']);
  });

  test('the disk is bounded', () => {
    let lost = 0;
    const disk = new DiskSpool({ folder, maxBytes: 1_000 }, silentLogger, (_reason, rows) => (lost += rows));
    for (let sequence = 1; sequence <= 20; sequence++) disk.write(sequence, 1, Buffer.alloc(100));
    expect([disk.bytes <= 1_000, disk.size + lost]).toEqual([true, 20]);
  });
});

describe('createCompatibleProtocol', () => {
  test('speaks the mutations of an old mapper', async () => {
    mapper.answer = (request) => ({ status: 200, body: { data: { any: request > 1 } } });
    const sender = await create(await mapper.start(), { protocol: createCompatibleProtocol() });
    sender.start();
    sender.add(lookup('a.example'));
    const connection = {
      source: { address: '10.0.0.1' },
      destination: { address: '10.0.0.2', port: 8080, protocol: 'TCP' as const, asked: { address: '10.96.0.1', port: 80 } },
    };
    sender.add({ ...lookup('x'), kind: 'tcp', ...connection });
    sender.add({ ...lookup('x'), kind: 'socket', ...connection });
    sender.add({ ...lookup('x'), kind: 'udp', ...connection });
    sender.flush();
    await vi.waitFor(() => expect(sender.stats().acknowledgedRows).toBe(3), 5_000);
    const found = Object.fromEntries(mapper.requests.map(({ body }) => [body.operationName, body.variables]));
    const lastSeen = new Date(T0).toISOString();
    const to = { destinationPort: 80, TTL: null, lastSeen, srcPorts: null, destination: '10.96.0.1', destinationIP: '10.96.0.1' };
    const from = (destinations: unknown[]): unknown => ({ results: { results: [{ srcIp: '10.0.0.1', srcHostname: '', destinations }] } });
    expect(found).toEqual({
      reportCaptureResults: from([
        { destination: 'a.example', destinationIP: '192.0.2.1', destinationPort: null, TTL: null, lastSeen, srcPorts: null },
      ]),
      reportTCPCaptureResults: from([to]),
      reportSocketScanResults: from([to]),
    });
  });
});
