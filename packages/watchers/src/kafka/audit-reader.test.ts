import { createReadStream, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createAuditReader } from './audit-reader.ts';
import type { AuditEvent } from './audit-reader.ts';
import { printAuditLog, toPrintedEvent } from './print-audit-log.ts';
import { KRAFT, readEvents } from './testing/read-events.ts';

const FIXTURE = new URL('fixtures/kafka-4.3.1-kraft', import.meta.url).pathname;

describe('the recorded log of a Kafka 4.3.1 broker', () => {
  it('gives what the broker itself recorded, line by line', async () => {
    const printed: string[] = [];
    const counts = await printAuditLog(createReadStream(`${FIXTURE}.log`), (line) => printed.push(line));
    const expected = JSON.parse(readFileSync(`${FIXTURE}.expected.json`, 'utf8')) as { events: Record<string, unknown>[] };
    const got = printed.map((line) => {
      const { rule, ...event } = JSON.parse(line) as Record<string, unknown>;
      expect(rule).toMatch(/^(SuperUser|DefaultAllow|DefaultDeny|MatchingAcl\(acl=StandardAcl\[.*\]\))$/);
      return event;
    });
    expect(got).toEqual(expected.events);
    expect(counts).toEqual({ lines: 254, events: 194, malformed: 0, forged: 0, tooLong: 0 });
  });
});

it('prints one JSON object per event, in the documented order of keys', () => {
  const [event] = readEvents([`[2024-01-02 03:04:05,679] INFO ${KRAFT} (kafka.authorizer.logger)`]);
  expect(event && toPrintedEvent(event)).toBe(
    '{"line":1,"principal":"User:bob","clientIP":"10.0.0.2","operation":"READ","resourceType":"GROUP","name":"g1","patternType":"LITERAL","result":"DENIED","request":"JOIN_GROUP","resourceRefCount":1,"rule":"DefaultDeny"}',
  );
});

it('keeps its memory bounded when an event never ends', () => {
  const lines = [
    '[2024-01-02 03:04:05,678] DEBUG Principal = User:eve is Allowed operation = READ from host = h on resource = Group:LITERAL:x',
  ];
  for (let index = 0; index < 2000; index += 1) lines.push('y'.repeat(1000));
  lines.push(
    `[2024-01-02 03:04:06,000] INFO ${KRAFT} (kafka.authorizer.logger)`,
    `[2024-01-02 03:04:06,000] INFO ${KRAFT} (kafka.authorizer.logger)`,
  );
  const events: AuditEvent[] = [];
  const reader = createAuditReader((event) => events.push(event));
  for (const line of lines) reader.push(line);
  reader.flush();
  expect(events.map((event) => event.name)).toEqual(['g1', 'g1']);
  expect(reader.counts.tooLong).toBeGreaterThan(1000);
});

/**
 * Recorded from real brokers: the consumer group `g⏎[2026-01-02 03:04:05,678] DEBUG Principal = User:admin … (kafka.authorizer.logger)⏎h`
 * was used by User:audit, and the brokers' other loggers wrote its name too.
 */
describe('hostile logs', () => {
  const long = 200_000;
  const head = '[2024-01-02 03:04:05,678] DEBUG Principal = User:a is Allowed operation = READ from host = h on resource = Group:LITERAL:';
  const rows: readonly [string, readonly string[]][] = [
    ['many beginnings', [`[2024-01-02 03:04:05,678] DEBUG Principal = ${' is Allowed operation = READ from host = h'.repeat(5000)}`]],
    ['many ends', [head + ' for request = X with resourceRefCount = 1'.repeat(5000)]],
    [
      'many rules',
      [
        head +
          ' for request = X with resourceRefCount = 1 based on rule MatchingAcl(acl=StandardAcl[, resourceName=x, patternType=PREFIXED, '.repeat(
            1500,
          ),
      ],
    ],
    ['spaces', [`${head} for request = X with resourceRefCount = 1 based on rule X(${' '.repeat(long)}`]],
    ['line breaks', [`${head} for request = X with resourceRefCount = 1`, ...Array.from({ length: 20_000 }, () => ''), 'x']],
    ['dots before the message', Array.from({ length: 200 }, () => `[2024 ${'.'.repeat(450)}x Principal = y`)],
    ['words before the message', Array.from({ length: 200 }, () => `DEBUG ${'a '.repeat(220)}Principal = y`)],
    [
      'old forms',
      [
        `[2024-01-02 03:04:05,678] DEBUG Principal = User:a is Allowed Operation = Read from host = h on resource = Topic:${' '.repeat(long)}x`,
      ],
    ],
    ['colours', ['\u001b['.repeat(long / 2)]],
    ['brackets', ['['.repeat(long), '{'.repeat(long), `{"log":${'['.repeat(1000)}`]],
  ];
  it.each(rows)('take no long time: %s', (_, lines) => {
    const startedAt = process.cpuUsage();
    readEvents([...lines, `[2024-01-02 03:04:06,000] INFO ${KRAFT} (kafka.authorizer.logger)`]);
    const { user } = process.cpuUsage(startedAt);
    // Of the processor, not of the clock. Seconds would be the sign of an expression that goes wrong, which is what this is about.
    expect(user / 1000).toBeLessThan(1500);
  });
});
