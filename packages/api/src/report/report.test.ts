import type { Observation } from '@nm/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeReport } from './decode-report.ts';
import { COLUMNS } from './format.ts';
import type { ReportBatch, Reporter } from './format.ts';
import { REPORT_LIMITS } from './limits.ts';
import { createReportWriter, rebaseReport } from './write-report.ts';

const SENT_AT = Date.parse('2026-03-01T12:00:00Z');
const REPORTER: Reporter = { kind: 'sniffer', node: 'node-1', instance: 'i-1', version: '1.0.0', addresses: ['10.0.0.1'] };

const KAFKA_ACCESS: Observation = {
  kind: 'kafka',
  vantage: 'server',
  source: { address: '10.0.0.2' },
  destination: { protocol: 'TCP', workload: { namespace: 'kafka', name: 'kafka-0', pod: true } },
  count: 1,
  firstSeenAt: SENT_AT,
  lastSeenAt: SENT_AT,
  kafka: { topic: 'orders', operation: 'consume', allowed: true },
};

const address = fc.oneof(
  fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => parts.join('.')),
  fc.constantFrom('::1', 'fd00::1', '2001:db8::5', 'fe80::1:2:3'),
);
const port = fc.integer({ min: 0, max: 65_535 });
const name = fc.constantFrom('example.com', 'a.b.c.svc.cluster.local', '*.x.org', 'with\\.dot.example', '_sip._tcp.example.net');
const uid = fc.uuid();
const optional = <T>(field: string, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.option(arbitrary).map((value) => (value === null ? {} : { [field]: value }));
const merge = (parts: readonly object[]): object => Object.assign({}, ...parts) as object;

const detail = fc.oneof(
  fc.constant({}),
  fc.constantFrom(
    { kafka: { topic: 'orders', operation: 'consume', allowed: false, principal: 'User:x' } },
    { http: { path: '/a%20b', methods: ['GET', 'HEAD'] } },
    { cloud: { provider: 'aws', resource: 'arn:aws:s3:::b', actions: ['s3:GetObject'], region: 'eu-west-1' } },
  ),
);

const observation: fc.Arbitrary<Observation> = fc
  .tuple(
    fc.record({
      kind: fc.constantFrom('dns', 'tcp', 'socket', 'udp', 'kafka', 'http', 'aws'),
      vantage: fc.constantFrom('client', 'server'),
      node: fc.constant('node-1'),
      count: fc.nat(1_000_000),
    }),
    fc
      .tuple(
        address.map((value) => ({ address: value })),
        optional('podUid', uid),
        optional('port', port),
      )
      .map(merge),
    fc
      .tuple(
        address.map((value) => ({ address: value })),
        fc.constantFrom({ protocol: 'TCP' }, { protocol: 'UDP' }, { protocol: 'HBONE' }),
        optional('podUid', uid),
        optional('port', port),
        optional('name', name),
        optional('canonicalName', name),
        optional('addresses', fc.array(address, { minLength: 1, maxLength: 5 })),
        optional('asked', fc.record({ address, port })),
        optional('workload', fc.constant({ namespace: 'shop', name: 'cart', kind: 'Deployment' })),
      )
      .map(merge),
    fc.nat(3_600_000),
    fc.nat(1_000),
    fc.constantFrom({}, { directionGuessed: true }, { approximate: true }),
    detail,
  )
  .map(
    ([head, source, destination, ageMs, spanMs, flags, extra]) =>
      ({
        ...head,
        source,
        destination,
        firstSeenAt: SENT_AT - ageMs - spanMs,
        lastSeenAt: SENT_AT - ageMs,
        ...flags,
        ...extra,
      }) as Observation,
  );

function write(observations: readonly Observation[], sentAt = SENT_AT): ReportBatch {
  const writer = createReportWriter();
  for (const item of observations) writer.add(item);
  return writer.finish(REPORTER, 7, sentAt);
}

function overTheWire(batch: ReportBatch): unknown {
  return JSON.parse(JSON.stringify(batch));
}

describe('a report', () => {
  test('comes back as it was written', () => {
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 20 }), (observations) => {
        const decoded = decodeReport(overTheWire(write(observations)), REPORT_LIMITS);
        expect(decoded).toEqual({ ok: true, reporter: REPORTER, sentAt: SENT_AT, sequence: 7, observations, rejected: [] });
      }),
    );
  });

  test('of packets alone tells of addresses and protocols, and names nothing', () => {
    const plain: Observation = {
      kind: 'tcp',
      vantage: 'client',
      source: { address: '10.0.0.5' },
      destination: { protocol: 'HBONE', address: '10.0.0.6', port: 80 },
      count: 1,
      firstSeenAt: SENT_AT,
      lastSeenAt: SENT_AT,
    };
    const workload = { namespace: 'shop', name: 'cart' };
    const named: readonly (readonly [Observation, string])[] = [
      [{ ...plain, source: { ...plain.source, workload } }, 'bad-detail'],
      [{ ...plain, destination: { ...plain.destination, workload } }, 'bad-detail'],
      [{ ...plain, kafka: { topic: 't', operation: 'consume', allowed: true } }, 'bad-detail'],
      [{ ...plain, kind: 'http', http: { path: '/', methods: ['GET'] } }, 'bad-kind'],
      [{ ...plain, kind: 'kafka' }, 'bad-kind'],
      [{ ...plain, kind: 'aws' }, 'bad-kind'],
    ];
    const rows = [plain, ...named.map(([row]) => row)];
    expect(decodeReport(overTheWire(write(rows)), { ...REPORT_LIMITS, sees: 'packets' })).toMatchObject({
      observations: [plain],
      rejected: named.map(([, code], i) => ({ index: i + 1, code })),
    });
  });

  test('of names alone tells of no packets', () => {
    const decoded = decodeReport(overTheWire(write([KAFKA_ACCESS, { ...KAFKA_ACCESS, kind: 'tcp' }])), { ...REPORT_LIMITS, sees: 'names' });
    expect(decoded).toMatchObject({ observations: [KAFKA_ACCESS], rejected: [{ index: 1, code: 'bad-kind' }] });
  });

  test('with one value spoilt loses no more than the rows of that value', () => {
    const spoilt = fc.oneof(
      fc.anything(),
      fc.double(),
      fc.integer(),
      fc.string(),
      fc.constantFrom('__proto__', '{"kafka":{}}', 1e308, -0, null),
    );
    fc.assert(
      fc.property(
        fc.array(observation, { minLength: 1, maxLength: 8 }),
        fc.nat(),
        fc.nat(COLUMNS - 1),
        spoilt,
        (observations, at, column, bad) => {
          const batch = overTheWire(write(observations)) as { observations: unknown[][] };
          const index = at % observations.length;
          (batch.observations[index] as unknown[])[column] = bad;
          const decoded = decodeReport(batch, REPORT_LIMITS);
          const isRefused = decoded.ok && decoded.rejected.some((row) => row.index === index);
          const others = observations.filter((_, i) => i !== index);
          if (!decoded.ok) throw new Error(decoded.message);
          expect(isRefused ? decoded.observations : decoded.observations.filter((_, i) => i !== index)).toEqual(others);
        },
      ),
    );
  });

  test('with its texts spoilt never throws, and lets nothing through that is no name, address or number', () => {
    fc.assert(
      fc.property(fc.array(observation, { minLength: 1, maxLength: 8 }), fc.array(fc.string()), fc.nat(), (observations, texts, at) => {
        const batch = overTheWire(write(observations)) as { strings: string[] };
        batch.strings = batch.strings.map((text, i) => (texts.length > 0 && (i + at) % 2 === 0 ? (texts[i % texts.length] ?? text) : text));
        const decoded = decodeReport(batch, REPORT_LIMITS);
        if (!decoded.ok) throw new Error(decoded.message);
        for (const { source, destination } of decoded.observations) {
          for (const address of [source.address, destination.address, destination.asked?.address, ...(destination.addresses ?? [])])
            expect(address ?? '::').toMatch(/^[0-9a-f:.]+$/);
          expect(source.podUid ?? 'a').toMatch(/^[0-9A-Za-z-]{1,64}$/);
          // eslint-disable-next-line no-control-regex -- that there is none
          expect(destination.name ?? '').not.toMatch(/[\u0000-\u0020\u007f]/);
        }
        expect(decoded.observations.length + decoded.rejected.length).toBe(observations.length);
      }),
    );
  });

  test('that is sent again later keeps the times of its rows', () => {
    const item: Observation = {
      kind: 'tcp',
      vantage: 'client',
      node: 'node-1',
      source: { address: '10.0.0.5' },
      destination: { address: '10.0.0.6', port: 80, protocol: 'TCP' },
      count: 1,
      firstSeenAt: SENT_AT - 5_000.25,
      lastSeenAt: SENT_AT - 10,
    };
    const decoded = decodeReport(overTheWire(rebaseReport(write([item]), SENT_AT + 120_000)), REPORT_LIMITS);
    expect(decoded).toMatchObject({ ok: true, sentAt: SENT_AT + 120_000, sequence: 7, observations: [item] });
  });

  test('writer refuses rows beyond its bound and starts empty after finish', () => {
    const writer = createReportWriter({ maxRows: 1 });
    const [item] = fc.sample(observation, 1);
    if (item === undefined) throw new Error('no sample');
    expect([writer.add(item), writer.add(item), writer.size]).toEqual([true, false, 1]);
    writer.finish(REPORTER, 1, SENT_AT);
    expect(writer.size).toBe(0);
  });

  test('a text beyond the bound has its own row refused, not the whole batch', () => {
    const access = (topic: string): Observation => ({ ...KAFKA_ACCESS, kafka: { topic, operation: 'consume', allowed: false } });
    const long = 'a'.repeat(REPORT_LIMITS.maxStringLength);
    const decoded = decodeReport(overTheWire(write([access('before'), access(long), access('after')])), REPORT_LIMITS);
    expect(decoded).toMatchObject({ ok: true, rejected: [{ index: 1, code: 'bad-detail' }] });
    expect(decoded.ok && decoded.observations.map(({ kafka }) => kafka?.topic)).toEqual(['before', 'after']);
  });

  test('a batch of the longest texts fits into a request', () => {
    const writer = createReportWriter();
    let added = 0;
    // What JSON escapes, twice: within the detail, and the detail within the batch.
    const hostile = '"\\\u0001\u2028'.repeat(512);
    while (writer.add({ ...KAFKA_ACCESS, kafka: { topic: `${added}${hostile}`, operation: 'consume', allowed: false } })) added += 1;
    expect(added).toBeGreaterThan(100);
    expect(Buffer.byteLength(JSON.stringify(writer.finish(REPORTER, 1, SENT_AT)))).toBeLessThan(16 * 1024 * 1024);
    expect(writer.add(KAFKA_ACCESS)).toBe(true);
  });

  test('decoding never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.anything(), fc.array(fc.anything()), fc.array(fc.array(fc.anything(), { maxLength: 18 })), (any, strings, rows) => {
        expect(typeof decodeReport(any, REPORT_LIMITS).ok).toBe('boolean');
        expect(typeof decodeReport({ ...(overTheWire(write([])) as object), strings, observations: rows }, REPORT_LIMITS).ok).toBe(
          'boolean',
        );
      }),
    );
  });
});

describe('rows are refused one by one', () => {
  const strings = [
    '10.0.0.1',
    'example.com',
    'not an address',
    `${'a'.repeat(64)}.example`,
    '10.0.0.2 10.0.0.3',
    '{"kafka":{}}',
    'bad uid!',
    'cart..shop',
  ];
  const good = [1, 0, 0, -1, -1, 0, -1, 80, -1, -1, -1, -1, -1, 1, -10, 0, -1];
  const changed = (changes: Readonly<Record<number, unknown>>): unknown[] => good.map((value, i) => (i in changes ? changes[i] : value));

  const cases: readonly [string, unknown, string | undefined][] = [
    ['good', good, undefined],
    ['not a list', 5, 'row-shape'],
    ['too short', good.slice(1), 'row-shape'],
    ['text in it', changed({ 13: '1' }), 'row-shape'],
    ['null in it', changed({ 13: null }), 'row-shape'],
    ['unknown kind', changed({ 0: 99 }), 'bad-kind'],
    ['kind is a fraction', changed({ 0: 0.5 }), 'bad-kind'],
    ['address beyond the table', changed({ 2: 1_000 }), 'bad-address'],
    ['address is no address', changed({ 2: 2 }), 'bad-address'],
    ['index is a fraction', changed({ 2: 0.5 }), 'bad-address'],
    ['index below -1', changed({ 5: -2 }), 'bad-address'],
    ['label of 64 octets (RFC 1035 2.3.4)', changed({ 8: 3 }), 'bad-name'],
    ['empty label', changed({ 8: 7 }), 'bad-name'],
    ['UID with a space', changed({ 3: 6 }), 'bad-uid'],
    ['port 65536', changed({ 7: 65_536 }), 'bad-port'],
    ['asked address without its port', changed({ 11: 0 }), 'bad-port'],
    ['negative count', changed({ 13: -1 }), 'bad-count'],
    ['count of 2^53', changed({ 13: 2 ** 53 }), 'bad-count'],
    ['last before first', changed({ 14: 10, 15: 0 }), 'bad-time'],
    ['an hour ahead', changed({ 15: 3_600_000 }), 'bad-time'],
    ['older than is kept', changed({ 14: -1e12 }), 'bad-time'],
    ['detail without its fields', changed({ 16: 5 }), 'bad-detail'],
    ['detail that is no JSON', changed({ 16: 1 }), 'bad-detail'],
    ['no source', changed({ 2: -1 }), 'no-source'],
    ['no destination', changed({ 5: -1 }), 'no-destination'],
    ['destination by name only', changed({ 5: -1, 8: 1 }), undefined],
    ['answer addresses', changed({ 10: 4 }), undefined],
  ];
  test.each(cases)('%s', (_, row, code) => {
    const batch = { ...(overTheWire(write([])) as object), strings, observations: [good, row, good] };
    const decoded = decodeReport(batch, REPORT_LIMITS);
    expect(decoded).toMatchObject({ ok: true, rejected: code === undefined ? [] : [{ index: 1, code }] });
    expect(decoded.ok && decoded.observations.length).toBe(code === undefined ? 3 : 2);
  });

  test('a row has the documented number of columns', () => expect(good.length).toBe(COLUMNS));
});

describe('a batch is refused as a whole', () => {
  const batch = overTheWire(write([])) as Record<string, unknown>;
  const cases: readonly [string, unknown, RegExp][] = [
    ['not an object', [], /not an object/],
    ['protocol that cannot be made a text', { ...batch, protocol: { toString: null, valueOf: null } }, /the protocol is not known/],
    ['protocol of the future', { ...batch, protocol: 2 }, /protocol 2 is not known/],
    ['no reporter', { ...batch, reporter: null }, /reporter/],
    ['reporter of an unknown kind', { ...batch, reporter: { ...REPORTER, kind: 'x' } }, /kind is none of/],
    ['instance with a line break', { ...batch, reporter: { ...REPORTER, instance: 'a\n' } }, /instance/],
    ['sentAt is no time', { ...batch, sentAt: 'now' }, /sentAt/],
    ['sequence of text', { ...batch, sequence: '1' }, /sequence/],
    ['strings hold a number', { ...batch, strings: [1] }, /strings/],
    ['a string that is too long', { ...batch, strings: ['x'.repeat(REPORT_LIMITS.maxStringLength + 1)] }, /strings/],
    ['too many rows', { ...batch, observations: Array.from({ length: REPORT_LIMITS.maxRows + 1 }) }, /observations/],
  ];
  test.each(cases)('%s', (_, value, message) => {
    expect(decodeReport(value, REPORT_LIMITS)).toMatchObject({ ok: false, message: expect.stringMatching(message) as string });
  });
});
