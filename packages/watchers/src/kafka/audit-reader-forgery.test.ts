import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { json, KRAFT, readEvents } from './testing/read-events.ts';

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
    expect(readEvents(lines).map((event) => event.name)).toEqual(names);
  });

  it.each([
    ['kubectl logs --timestamps', (line: string) => `2024-01-02T03:04:05.678901234Z ${line}`],
    ['container runtime', (line: string) => `2024-01-02T03:04:05.678901234Z stdout F ${line}`],
    ['Docker json-file', (line: string) => json({ log: `${line}\n`, stream: 'stdout', time: '2024-01-02T03:04:05Z' })],
    ['docker compose', (line: string) => `kafka-1  | ${line}`],
  ])('behind a carrier that marks every line: %s', (_, carry) => {
    expect(readEvents([honest, open, `${forged}${close}`, honest].map(carry)).map((event) => event.name)).toEqual([
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
    expect(readEvents(lines).map((event) => event.principal)).toEqual(['User:a\nb', 'User:bob']);
  });

  it('a JSON layout escapes line breaks', () => {
    const line = json({
      message: `Principal = User:eve is Allowed operation = READ from host = 10.0.0.9 on resource = Group:LITERAL:evil\n${forged}${close}`,
      logger: 'kafka.authorizer.logger',
    });
    expect(readEvents([line]).map((event) => event.name)).toEqual([`evil\n${forged}`]);
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
    expect(readEvents(lines).map((event) => event.name)).toEqual(['g1']);
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
    expect(readEvents(lines)).toHaveLength(count);
  });
});

it.each(['apache-4.3.1', 'strimzi-4.3.1', 'strimzi-3.9.2'])('a forged event in the name of a group, as %s logs it', (name) => {
  const log = readFileSync(new URL(`fixtures/forged-${name}.log`, import.meta.url), 'utf8');
  const events = readEvents(log.trimEnd().split('\n'));
  const groups = events.filter((event) => event.resourceType === 'GROUP');
  expect(groups.length).toBeGreaterThan(3);
  expect(new Set(groups.map((event) => event.principal))).toEqual(new Set(['User:audit']));
  expect(groups.filter((event) => !/^g\n\[2026-01-02 .* \(kafka\.authorizer\.logger\)\nh$|^audit$/.test(event.name))).toEqual([]);
  expect(events.filter((event) => event.name === 'secret' || event.clientIP === '10.0.0.1')).toEqual([]);
});
