import { createReadStream, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createAuditReader } from './audit-reader.ts';
import type { AuditEvent } from './audit-reader.ts';
import { printAuditLog, toPrintedEvent } from './print-audit-log.ts';

const FIXTURE = new URL('fixtures/kafka-4.3.1-kraft', import.meta.url).pathname;

function read(lines: readonly string[]): AuditEvent[] {
  const events: AuditEvent[] = [];
  const reader = createAuditReader((event) => events.push(event));
  for (const line of lines) reader.push(line);
  reader.flush();
  return events;
}

/** The fields that tell which access an event is. */
function short(event: AuditEvent): string {
  return `${event.line} ${event.principal} ${event.operation} ${event.resourceType} ${event.name} ${event.result}`;
}

const ZK =
  'Principal = User:alice is Allowed Operation = DescribeConfigs from host = 10.0.0.1 on resource = Topic:LITERAL:orders for request = Metadata with resourceRefCount = 1';
const KRAFT =
  'Principal = User:bob is Denied operation = READ from host = 10.0.0.2 on resource = Group:LITERAL:g1 for request = JoinGroup with resourceRefCount = 1 based on rule DefaultDeny';
const ALICE = '1 User:alice DESCRIBE_CONFIGS TOPIC orders ALLOWED';
const BOB = '2 User:bob READ GROUP g1 DENIED';
const json = (value: unknown): string => JSON.stringify(value);

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

describe('layouts: both events are found in', () => {
  const rows: readonly [string, readonly string[]][] = [
    [
      'Apache log4j and log4j2',
      [
        `[2024-01-02 03:04:05,678] DEBUG ${ZK} (kafka.authorizer.logger)`,
        `[2024-01-02 03:04:05,679] INFO ${KRAFT} (kafka.authorizer.logger)`,
      ],
    ],
    [
      'Strimzi log4j1',
      [
        `2024-01-02 03:04:05,678 DEBUG ${ZK} (kafka.authorizer.logger) [data-plane-kafka-request-handler-3]`,
        `2024-01-02 03:04:05,678 INFO ${KRAFT} (kafka.authorizer.logger) [data-plane-kafka-request-handler-3]`,
      ],
    ],
    [
      'Strimzi log4j2',
      [
        `2024-01-02 03:04:05 DEBUG [data-plane-kafka-request-handler-1] logger:271 - ${ZK}`,
        `2024-01-02 03:04:05 INFO  [data-plane-kafka-request-handler-1] logger:271 - ${KRAFT}`,
      ],
    ],
    [
      'Confluent with line numbers',
      [
        `[2024-01-02 03:04:05,678] DEBUG ${ZK} (kafka.authorizer.logger:622)`,
        `[2024-01-02 03:04:05,679] INFO ${KRAFT} (kafka.authorizer.logger:260)`,
      ],
    ],
    [
      'logback style',
      [
        `03:04:05.678 [data-plane-kafka-request-handler-0] DEBUG kafka.authorizer.logger - ${ZK}`,
        `03:04:05.678 [data-plane-kafka-request-handler-0] INFO  kafka.authorizer.logger - ${KRAFT}`,
      ],
    ],
    [
      'level first',
      [
        `DEBUG [2024-01-02 03:04:05,678] kafka.authorizer.logger: ${ZK}`,
        `INFO [2024-01-02 03:04:05,678] kafka.authorizer.logger: ${KRAFT}`,
      ],
    ],
    [
      'ISO times and pipes',
      [
        `2024-01-02T03:04:05.678Z | DEBUG | kafka.authorizer.logger | ${ZK}`,
        `2024-01-02T03:04:05.679Z | WARN | kafka.authorizer.logger | ${KRAFT}`,
      ],
    ],
    [
      'ISO times without brackets',
      [
        `2024-01-02T03:04:05.678Z DEBUG ${ZK} (kafka.authorizer.logger)`,
        `2024-01-02T03:04:05.679Z WARN ${KRAFT} (kafka.authorizer.logger)`,
      ],
    ],
    ['nothing but the message', [ZK, KRAFT]],
    ['a head of its own', [`kafka-0 kafka ${ZK}`, `kafka-0 kafka ${KRAFT}`]],
    ['syslog', [`Jan  2 03:04:05 node1 kafka[17]: ${ZK}`, `Jan  2 03:04:05 node1 kafka[17]: ${KRAFT}`]],
    [
      'Windows line ends',
      [
        `[2024-01-02 03:04:05,678] DEBUG ${ZK} (kafka.authorizer.logger)\r`,
        `[2024-01-02 03:04:05,679] INFO ${KRAFT} (kafka.authorizer.logger)\r`,
      ],
    ],
    [
      'colours',
      [
        `\u001b[32m[2024-01-02 03:04:05,678] \u001b[1;34mDEBUG\u001b[m ${ZK}\u001b[m (kafka.authorizer.logger)`,
        `\u001b[31m[2024-01-02 03:04:05,679] INFO ${KRAFT} (kafka.authorizer.logger)\u001b[0m`,
      ],
    ],
    ['colours round the message alone', [`\u001b[36m${ZK}\u001b[m`, `\u001b[36m${KRAFT}\u001b[m`]],
    [
      'logstash JSON',
      [
        json({
          '@timestamp': '2024-01-02T03:04:05.678Z',
          '@version': '1',
          message: ZK,
          logger_name: 'kafka.authorizer.logger',
          thread_name: 't',
          level: 'DEBUG',
        }),
        json({ message: KRAFT, logger_name: 'kafka.authorizer.logger' }),
      ],
    ],
    [
      'ECS JSON',
      [
        json({ '@timestamp': '2024-01-02T03:04:05.678Z', 'log.level': 'DEBUG', message: ZK, 'log.logger': 'kafka.authorizer.logger' }),
        json({ log: { level: 'INFO', logger: 'kafka.authorizer.logger' }, message: KRAFT }),
      ],
    ],
    [
      'log4j2 JsonLayout',
      [
        json({
          instant: { epochSecond: 1704164645, nanoOfSecond: 5 },
          thread: 't',
          level: 'DEBUG',
          loggerName: 'kafka.authorizer.logger',
          message: ZK,
          endOfBatch: false,
        }),
        json({ level: 'INFO', loggerName: 'kafka.authorizer.logger', message: KRAFT }),
      ],
    ],
    [
      'Cloud Logging',
      [
        json({ insertId: 'a', jsonPayload: { message: ZK, level: 'DEBUG', class: 'logger' }, timestamp: '2024-01-02T03:04:05.678Z' }),
        json({ textPayload: `[2024-01-02 03:04:05,679] INFO ${KRAFT} (kafka.authorizer.logger)\n` }),
      ],
    ],
    [
      'Docker json-file',
      [
        json({
          log: `[2024-01-02 03:04:05,678] DEBUG ${ZK} (kafka.authorizer.logger)\n`,
          stream: 'stdout',
          time: '2024-01-02T03:04:05.678901234Z',
        }),
        json({
          log: `[2024-01-02 03:04:05,679] INFO ${KRAFT} (kafka.authorizer.logger)\r\n`,
          stream: 'stdout',
          time: '2024-01-02T03:04:05.679Z',
        }),
      ],
    ],
    [
      'Docker json-file of a JSON layout',
      [
        json({ log: `${json({ message: ZK, logger: 'kafka.authorizer.logger' })}\n`, stream: 'stdout' }),
        json({ log: `${json({ message: KRAFT, logger: 'kafka.authorizer.logger' })}\n`, stream: 'stdout' }),
      ],
    ],
    [
      'container runtime',
      [
        `2024-01-02T03:04:05.678901234Z stdout F [2024-01-02 03:04:05,678] DEBUG ${ZK} (kafka.authorizer.logger)`,
        `2024-01-02T03:04:05.679901234+01:00 stderr F [2024-01-02 03:04:05,679] INFO ${KRAFT} (kafka.authorizer.logger)`,
      ],
    ],
    [
      'container runtime of a JSON layout',
      [
        `2024-01-02T03:04:05.678901234Z stdout F ${json({ message: ZK, logger: 'kafka.authorizer.logger' })}`,
        `2024-01-02T03:04:05.679901234Z stdout F ${json({ message: KRAFT, logger: 'kafka.authorizer.logger' })}`,
      ],
    ],
    [
      'kubectl logs --timestamps',
      [
        `2024-01-02T03:04:05.678901234Z [2024-01-02 03:04:05,678] DEBUG ${ZK} (kafka.authorizer.logger)`,
        `2024-01-02T03:04:05.679901234Z [2024-01-02 03:04:05,679] INFO ${KRAFT} (kafka.authorizer.logger)`,
      ],
    ],
    [
      'kubectl logs --prefix',
      [
        `[pod/kafka-0/kafka] [2024-01-02 03:04:05,678] DEBUG ${ZK} (kafka.authorizer.logger)`,
        `[pod/kafka-0/kafka] [2024-01-02 03:04:05,679] INFO ${KRAFT} (kafka.authorizer.logger)`,
      ],
    ],
    [
      'docker compose',
      [
        `kafka-1  | [2024-01-02 03:04:05,678] DEBUG ${ZK} (kafka.authorizer.logger)`,
        `kafka-1  | [2024-01-02 03:04:05,679] INFO ${KRAFT} (kafka.authorizer.logger)`,
      ],
    ],
    [
      'CloudWatch',
      [
        `2024-01-02T03:04:05.678000+00:00 kafka/kafka/0123 [2024-01-02 03:04:05,678] DEBUG ${ZK} (kafka.authorizer.logger)`,
        `2024-01-02T03:04:05.679000+00:00 kafka/kafka/0123 [2024-01-02 03:04:05,679] INFO ${KRAFT} (kafka.authorizer.logger)`,
      ],
    ],
    ['logfmt', [`level=debug logger=kafka.authorizer.logger msg="${ZK}"`, `level=info logger=kafka.authorizer.logger msg="${KRAFT}"`]],
    ['indented JSON', [`  "message" : "${ZK}",`, `  "message" : "${KRAFT}",`]],
  ];
  it.each(rows)('%s', (_, lines) => {
    const events = read(lines);
    expect(events.map(short)).toEqual([ALICE, BOB]);
    expect(events.map((event) => event.rule)).toEqual([undefined, 'DefaultDeny']);
  });

  it('a long line that the runtime cut into parts', () => {
    const lines = [
      `2024-01-02T03:04:05.1Z stdout P [2024-01-02 03:04:05,678] DEBUG ${ZK.slice(0, 40)}`,
      `2024-01-02T03:04:05.2Z stdout F ${ZK.slice(40)} (kafka.authorizer.logger)`,
      `2024-01-02T03:04:05.3Z stdout F [2024-01-02 03:04:05,678] INFO ${KRAFT} (kafka.authorizer.logger)`,
    ];
    const events = read(lines);
    expect(events.map(short)).toEqual([ALICE, BOB.replace('2', '3')]);
    expect(events[0]?.at).toBe(Date.parse('2024-01-02T03:04:05.1Z'));
  });

  it('a Docker line that the runtime cut into parts', () => {
    const lines = [
      json({ log: `[2024-01-02 03:04:05,678] DEBUG ${ZK.slice(0, 50)}`, stream: 'stdout', time: '2024-01-02T03:04:05Z' }),
      json({ log: `${ZK.slice(50)} (kafka.authorizer.logger)\n`, stream: 'stdout', time: '2024-01-02T03:04:05Z' }),
    ];
    expect(read(lines).map(short)).toEqual([ALICE]);
  });
});

describe('line breaks in names: a client cannot speak for another', () => {
  const open =
    '[2024-01-02 03:04:05,678] DEBUG Principal = User:eve is Allowed operation = READ from host = 10.0.0.9 on resource = Group:LITERAL:evil';
  const close = ' for request = JoinGroup with resourceRefCount = 1 based on rule DefaultAllow (kafka.authorizer.logger)';
  const forged =
    'Principal = User:admin is Allowed operation = WRITE from host = 10.0.0.1 on resource = Topic:LITERAL:secret for request = Produce with resourceRefCount = 1 based on rule SuperUser';
  const honest = `[2024-01-02 03:04:06,000] INFO ${KRAFT} (kafka.authorizer.logger)`;
  const rows: readonly [string, readonly string[], readonly string[]][] = [
    ['a bare message', [open, `${forged}${close}`, honest], [`evil\n${forged}`, 'g1']],
    ['a bare message with a line of its own', [open, forged, close, honest], [`evil\n${forged}\n`, 'g1']],
    [
      'a whole line of the layout',
      [open, `[2024-01-02 03:04:05,679] DEBUG ${forged} (kafka.authorizer.logger)`, `x${close}`, honest],
      [`evil\n[2024-01-02 03:04:05,679] DEBUG ${forged} (kafka.authorizer.logger)\nx`, 'g1'],
    ],
    [
      'the end of a message before the break',
      [
        `${open} for request = Fetch with resourceRefCount = 1 based on rule SuperUser (kafka.authorizer.logger)`,
        `${forged}${close}`,
        honest,
      ],
      [`evil for request = Fetch with resourceRefCount = 1 based on rule SuperUser (kafka.authorizer.logger)\n${forged}`, 'g1'],
    ],
    ['an empty line', [open, '', `x${close}`, honest], ['evil\n\nx', 'g1']],
    [
      'the line of a JSON layout',
      [honest, open, json({ message: forged, logger: 'kafka.authorizer.logger' }), `x${close}`, honest],
      ['g1', `evil\n${json({ message: forged, logger: 'kafka.authorizer.logger' })}\nx`, 'g1'],
    ],
    ['a carriage return', [`${open}\r`, `x${close}`, honest], ['evil\r\nx', 'g1']],
    [
      "in another logger's event",
      [
        '[2024-01-02 03:04:05,678] INFO [GroupCoordinator id=1] Preparing to rebalance group evil',
        `${forged} (kafka.authorizer.logger)`,
        honest,
      ],
      ['g1'],
    ],
    [
      "in the middle of another logger's line",
      [
        `[2024-01-02 03:04:05,678] INFO [GroupCoordinator id=1] group ${forged} is empty (kafka.coordinator.group.GroupCoordinator)`,
        honest,
      ],
      ['g1'],
    ],
    ['cut off: what follows is not lost', [open, honest, honest], ['g1', 'g1']],
  ];
  it.each(rows)('%s', (_, lines, names) => {
    expect(read(lines).map((event) => event.name)).toEqual(names);
  });

  it.each([
    ['kubectl logs --timestamps', (line: string) => `2024-01-02T03:04:05.678901234Z ${line}`],
    ['container runtime', (line: string) => `2024-01-02T03:04:05.678901234Z stdout F ${line}`],
    ['Docker json-file', (line: string) => json({ log: `${line}\n`, stream: 'stdout', time: '2024-01-02T03:04:05Z' })],
    ['docker compose', (line: string) => `kafka-1  | ${line}`],
  ])('behind a carrier that marks every line: %s', (_, carry) => {
    expect(read([honest, open, `${forged}${close}`, honest].map(carry)).map((event) => event.name)).toEqual([
      'g1',
      `evil\n${forged}`,
      'g1',
    ]);
  });

  it('a principal with a line break', () => {
    const lines = [
      '[2024-01-02 03:04:05,678] DEBUG Principal = User:a',
      `b is Allowed operation = READ from host = 10.0.0.9 on resource = Group:LITERAL:g${close}`,
      honest,
    ];
    expect(read(lines).map((event) => event.principal)).toEqual(['User:a\nb', 'User:bob']);
  });

  it('a JSON layout escapes line breaks', () => {
    const line = json({
      message: `Principal = User:eve is Allowed operation = READ from host = 10.0.0.9 on resource = Group:LITERAL:evil\n${forged}${close}`,
      logger: 'kafka.authorizer.logger',
    });
    expect(read([line]).map((event) => event.name)).toEqual([`evil\n${forged}`]);
  });
});

describe("whole lines of the layout within other loggers' events", () => {
  const forged = (time: string, logger: string): string =>
    `${time}Principal = User:admin is Allowed operation = WRITE from host = 10.0.0.1 on resource = Topic:LITERAL:secret for request = Produce with resourceRefCount = 1 based on rule SuperUser${logger}`;
  const apache = (time: string, text: string, logger: string): string => `[${time},000] INFO ${text} (${logger})`;
  const strimzi = (time: string, logger: string, text: string): string =>
    `${time} INFO  [data-plane-kafka-request-handler-1] ${logger}:12 - ${text}`;
  const start = Array.from({ length: 4 }, () => apache('2026-01-02 03:04:05', 'Loading', 'kafka.log.LogManager'));
  const rows: readonly [string, readonly string[]][] = [
    [
      'the event before has no end: the time is right',
      [
        ...start,
        '[2026-01-02 03:04:06,000] INFO [GroupCoordinator 1]: Preparing to rebalance group evil',
        forged('[2026-01-02 03:04:06,000] DEBUG ', ' (kafka.authorizer.logger)'),
        forged('[2026-01-02 03:04:06,000] DEBUG ', ' (kafka.authorizer.logger)'),
        'h in state Empty (kafka.coordinator.group.GroupCoordinator)',
        apache('2026-01-02 03:04:06', KRAFT, 'kafka.authorizer.logger'),
      ],
    ],
    [
      'text follows: the time is right',
      [
        strimzi('2026-01-02 03:04:06', 'GroupCoordinator', 'Preparing to rebalance group evil'),
        forged('2026-01-02 03:04:06 DEBUG [t] logger:1 - ', ''),
        'h in state Empty',
        strimzi('2026-01-02 03:04:06', 'logger', KRAFT),
      ],
    ],
    [
      'several in one event',
      [
        strimzi('2026-01-02 03:04:06', 'GroupCoordinator', 'Member m-g'),
        forged('2025-12-31 23:59:59 DEBUG [t] logger:1 - ', ''),
        'h joins group g',
        forged('2025-12-31 23:59:59 DEBUG [t] logger:1 - ', ''),
        'h in state Empty',
        strimzi('2026-01-02 03:04:06', 'logger', KRAFT),
      ],
    ],
    [
      'words follow on the line: the time is right',
      [
        strimzi('2026-01-02 03:04:06', 'GroupCoordinator', 'Preparing to rebalance group evil'),
        forged('2026-01-02 03:04:06 DEBUG [t] logger:1 - ', ' in state Empty'),
        strimzi('2026-01-02 03:04:06', 'logger', KRAFT),
      ],
    ],
    [
      'the time is wrong: nothing follows',
      [
        strimzi('2026-01-02 03:04:06', 'GroupCoordinator', 'Preparing to rebalance group evil'),
        forged('2025-12-31 23:59:59 DEBUG [t] logger:1 - ', ''),
        strimzi('2026-01-02 03:04:06', 'logger', KRAFT),
      ],
    ],
  ];
  it.each(rows)('%s', (_, lines) => {
    expect(read(lines).map((event) => event.name)).toEqual(['g1']);
  });

  const audit = (time: string): string => apache(time, KRAFT, 'kafka.authorizer.logger');
  const honest: readonly [string, readonly string[], number][] = [
    ['a clock that was set back', [audit('2026-01-02 03:00:00'), audit('2026-01-02 02:00:00'), audit('2026-01-02 02:00:01')], 3],
    ['hours between events', [audit('2026-01-02 03:00:00'), audit('2026-01-02 05:00:00'), audit('2026-01-02 09:00:01')], 3],
    [
      "the virtual machine's own log between",
      [
        ...start,
        audit('2026-01-02 03:04:05'),
        '[2026-01-02T03:04:06.000+0000][info][gc] GC(1) Pause Young 5M->2M',
        audit('2026-01-02 03:04:06'),
      ],
      2,
    ],
    [
      'a stack trace between',
      [
        ...start,
        '[2026-01-02 03:04:05,000] ERROR Failed (kafka.server.X)',
        'java.io.IOException: x',
        '\tat y',
        audit('2026-01-02 03:04:06'),
      ],
      1,
    ],
    [
      'a message of several lines between',
      [
        ...start,
        '[2026-01-02 03:04:05,000] INFO KafkaConfig values: ',
        '\ta = b',
        ' (kafka.server.KafkaConfig)',
        audit('2026-01-02 03:04:06'),
      ],
      1,
    ],
    [
      'a print between two of them',
      [audit('2026-01-02 03:04:05'), audit('2026-01-02 03:04:06'), 'Picked up JAVA_TOOL_OPTIONS', audit('2026-01-02 03:04:07')],
      3,
    ],
  ];
  it.each(honest)('loses nothing with %s', (_, lines, count) => {
    expect(read(lines)).toHaveLength(count);
  });
});

it('prints one JSON object per event, in the documented order of keys', () => {
  const [event] = read([`[2024-01-02 03:04:05,679] INFO ${KRAFT} (kafka.authorizer.logger)`]);
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
it.each(['apache-4.3.1', 'strimzi-4.3.1', 'strimzi-3.9.2'])('a forged event in the name of a group, as %s logs it', (name) => {
  const log = readFileSync(new URL(`fixtures/forged-${name}.log`, import.meta.url), 'utf8');
  const events = read(log.trimEnd().split('\n'));
  const groups = events.filter((event) => event.resourceType === 'GROUP');
  expect(groups.length).toBeGreaterThan(3);
  expect(new Set(groups.map((event) => event.principal))).toEqual(new Set(['User:audit']));
  expect(groups.filter((event) => !/^g\n\[2026-01-02 .* \(kafka\.authorizer\.logger\)\nh$|^audit$/.test(event.name))).toEqual([]);
  expect(events.filter((event) => event.name === 'secret' || event.clientIP === '10.0.0.1')).toEqual([]);
});

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
    read([...lines, `[2024-01-02 03:04:06,000] INFO ${KRAFT} (kafka.authorizer.logger)`]);
    const { user } = process.cpuUsage(startedAt);
    // Of the processor, not of the clock. Seconds would be the sign of an expression that goes wrong, which is what this is about.
    expect(user / 1000).toBeLessThan(1500);
  });
});
