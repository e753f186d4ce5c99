import { describe, expect, it } from 'vitest';
import type { AuditEvent } from './audit-reader.ts';
import { json, KRAFT, readEvents, ZK } from './testing/read-events.ts';

/** The fields that tell which access an event is. */
function short(event: AuditEvent): string {
  return `${event.line} ${event.principal} ${event.operation} ${event.resourceType} ${event.name} ${event.result}`;
}
const ALICE = '1 User:alice DESCRIBE_CONFIGS TOPIC orders ALLOWED';
const BOB = '2 User:bob READ GROUP g1 DENIED';

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
    const events = readEvents(lines);
    expect(events.map(short)).toEqual([ALICE, BOB]);
    expect(events.map((event) => event.rule)).toEqual([undefined, 'DefaultDeny']);
  });

  it('a long line that the runtime cut into parts', () => {
    const lines = [
      `2024-01-02T03:04:05.1Z stdout P [2024-01-02 03:04:05,678] DEBUG ${ZK.slice(0, 40)}`,
      `2024-01-02T03:04:05.2Z stdout F ${ZK.slice(40)} (kafka.authorizer.logger)`,
      `2024-01-02T03:04:05.3Z stdout F [2024-01-02 03:04:05,678] INFO ${KRAFT} (kafka.authorizer.logger)`,
    ];
    const events = readEvents(lines);
    expect(events.map(short)).toEqual([ALICE, BOB.replace('2', '3')]);
    expect(events[0]?.at).toBe(Date.parse('2024-01-02T03:04:05.1Z'));
  });

  it('a Docker line that the runtime cut into parts', () => {
    const lines = [
      json({ log: `[2024-01-02 03:04:05,678] DEBUG ${ZK.slice(0, 50)}`, stream: 'stdout', time: '2024-01-02T03:04:05Z' }),
      json({ log: `${ZK.slice(50)} (kafka.authorizer.logger)\n`, stream: 'stdout', time: '2024-01-02T03:04:05Z' }),
    ];
    expect(readEvents(lines).map(short)).toEqual([ALICE]);
  });
});
