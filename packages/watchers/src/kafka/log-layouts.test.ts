import { describe, expect, it } from 'vitest';
import { createAuditReader } from './audit-reader.ts';

/**
 * One allowed and one denied event in the layouts of distributions, loggers, runtimes and shippers. Sources: log4j's and
 * log4j2's PatternLayout, JsonLayout, JsonTemplateLayout and GelfLayout; Docker's json-file; the CRI's log format; what
 * Fluent Bit, Fluentd, Filebeat, Vector, Loki, Splunk and the cloud providers make of a line.
 */
const ZK =
  'Principal = User:CN=a b,O=Acme\\, Inc. is Allowed Operation = DescribeConfigs from host = fe80:0:0:0:1:2:3:4%eth0 on resource = Topic:LITERAL:orders for request = Metadata with resourceRefCount = 1';
const ACL =
  'MatchingAcl(acl=StandardAcl[resourceType=GROUP, resourceName=g1, patternType=LITERAL, principal=User:bob, host=*, operation=READ, permissionType=DENY])';
const KRAFT = `Principal = User:bob is Denied operation = READ from host = 10.0.0.2 on resource = Group:LITERAL:g1 for request = JoinGroup with resourceRefCount = 1 based on rule ${ACL}`;
const EVENTS = [
  ['User:CN=a b,O=Acme\\, Inc.', 'fe80:0:0:0:1:2:3:4%eth0', 'DESCRIBE_CONFIGS', 'TOPIC', 'orders', 'ALLOWED', undefined],
  ['User:bob', '10.0.0.2', 'READ', 'GROUP', 'g1', 'DENIED', ACL],
];

const LOGGER = 'kafka.authorizer.logger';
const json = (value: unknown): string => JSON.stringify(value);
const indented = (value: unknown): string[] => JSON.stringify(value, null, 2).split('\n');
/** Both events with something before and behind each message. */
const around = (before: (level: string) => string, behind = ''): string[] => [
  `${before('DEBUG')}${ZK}${behind}`,
  `${before('INFO')}${KRAFT}${behind}`,
];
const apache = around((level) => `[2024-01-02 03:04:05,678] ${level} `, ` (${LOGGER})`);
const [allowed = '', denied = ''] = apache;

const rows: readonly [string, readonly string[]][] = [
  ['log4j ABSOLUTE', around((level) => `03:04:05,678 ${level} `)],
  ['log4j DATE', around((level) => `02 Jan 2024 03:04:05,678 ${level} ${LOGGER} - `)],
  ['log4j2 UNIX_MILLIS', around((level) => `1704164645678 ${level} `, ` (${LOGGER})`)],
  ['log4j2 COMPACT', around((level) => `20240102030405678 ${level} `, ` (${LOGGER})`)],
  ['log4j2 ISO8601_BASIC', around((level) => `20240102T030405,678 ${level} `, ` (${LOGGER})`)],
  ['log4j2 ISO8601_OFFSET', around((level) => `[2024-01-02T03:04:05,678+01:00] ${level} `, ` (${LOGGER})`)],
  ['a zone behind the time', around((level) => `[2024-01-02 03:04:05,678 UTC] ${level} `, ` (${LOGGER})`)],
  ['American dates', around((level) => `01/02/2024 03:04:05 AM ${level} `, ` (${LOGGER})`)],
  ['log4j %r', around((level) => `123456 [data-plane-kafka-request-handler-3] ${level} ${LOGGER}  - `)],
  ['the default of log4j2', around((level) => `03:04:05.678 [data-plane-kafka-request-handler-0] ${level} `)],
  ['logger before the thread', around((level) => `2024-01-02 03:04:05,678 ${level} ${LOGGER} [t] `)],
  ['logger in brackets', around((level) => `[2024-01-02 03:04:05,678] ${level} [${LOGGER}] `)],
  ['JBoss', around((level) => `2024-01-02 03:04:05,678 ${level} [${LOGGER}] (data-plane-kafka-request-handler-0) `)],
  [
    'Strimzi, logger not shortened',
    around((level) => `2024-01-02 03:04:05 ${level} [quorum-controller-3000-event-handler] ${LOGGER}:271 - `),
  ],
  ['Strimzi, logger abbreviated', around((level) => `2024-01-02 03:04:05 ${level} [t] k.a.logger:271 - `)],
  ['tabs', around((level) => `2024-01-02 03:04:05,678\t${level}\t${LOGGER}\t`)],
  ['Windows line ends', apache.map((line) => `${line}\r`)],
  ['a byte order mark', apache.map((line, index) => (index === 0 ? `\uFEFF${line}` : line))],
  ['Bitnami’s and Confluent’s start scripts', ['===> User', 'uid=1000(appuser)', allowed, 'kafka 03:04:05.67 INFO  ==> ready', denied]],
  ['quoted columns', around((level) => `"2024-01-02 03:04:05,678","${level}","`, '"')],
  ['XML', around((level) => `<Event level="${level}" loggerName="${LOGGER}"><Message>`, '</Message></Event>')],
  ['stern', apache.map((line) => `kafka-0 kafka ${line}`)],
  ['journalctl', apache.map((line) => `Jan 02 03:04:05 host kafka-server-start.sh[123]: ${line}`)],
  ['syslog, RFC 5424', apache.map((line) => `<134>1 2024-01-02T03:04:05.678Z host kafka 123 - - ${line}`)],
  ['kubectl logs --prefix --timestamps', apache.map((line) => `[pod/kafka-0/kafka] 2024-01-02T03:04:05.678901234Z ${line}`)],
  [
    'JsonLayout',
    [ZK, KRAFT].flatMap((message) =>
      indented({ instant: { epochSecond: 1, nanoOfSecond: 2 }, level: 'DEBUG', loggerName: LOGGER, message }),
    ),
  ],
  [
    'JsonLayout complete, as one list',
    ['[', ...indented({ loggerName: LOGGER, message: ZK }), ',', ...indented({ loggerName: LOGGER, message: KRAFT }), ']'],
  ],
  [
    'JsonLayout with another logger’s event that quotes one',
    [
      ...indented({ level: 'DEBUG', loggerName: 'kafka.coordinator.group.GroupCoordinator', message: `group ${ZK}` }),
      ...indented({ level: 'DEBUG', loggerName: LOGGER, message: ZK }),
      ...indented({ level: 'INFO', loggerName: LOGGER, message: KRAFT }),
    ],
  ],
  [
    'EcsLayout',
    [ZK, KRAFT].map((message) =>
      json({ '@timestamp': '2024-01-02T03:04:05.678Z', 'ecs.version': '1.2.0', message, 'process.thread.name': 't', 'log.logger': LOGGER }),
    ),
  ],
  [
    'GelfLayout',
    [
      json({ version: '1.1', short_message: ZK, full_message: `${ZK}\n`, timestamp: 1704164645.678, level: 7, _logger: LOGGER }),
      json({ version: '1.1', short_message: KRAFT, timestamp: 1704164645.678, level: 6, _loggerName: LOGGER }),
    ],
  ],
  ['jsonevent', [ZK, KRAFT].map((message) => json({ '@version': 1, '@source_host': 'k', message, logger_name: LOGGER, file: 'X.scala' }))],
  [
    'JSON with a logger of Confluent',
    [ZK, KRAFT].map((message) => json({ timestamp: 1704164645678, logger: LOGGER, thread: 't', message })),
  ],
  ['JSON without a logger', [ZK, KRAFT].map((message) => `{"message": "${message.replaceAll('\\', '\\\\')}", "level": "DEBUG"}`)],
  ['JSON behind a space', [ZK, KRAFT].map((message) => `  ${json({ message, logger: LOGGER })}`)],
  ['JSON behind docker compose', [ZK, KRAFT].map((message) => `kafka-1  | ${json({ message, logger: LOGGER })}`)],
  [
    'Docker with attributes',
    apache.map((line) => json({ log: `${line}\n`, stream: 'stdout', attrs: { tag: 'x' }, time: '2024-01-02T03:04:05.67Z' })),
  ],
  [
    'Fluentd',
    apache.map((line) => json({ log: `${line}\n`, stream: 'stdout', docker: { container_id: 'x' }, kubernetes: { pod_name: 'k' } })),
  ],
  ['Fluent Bit', apache.map((line) => json({ time: '2024-01-02T03:04:05.678Z', stream: 'stdout', _p: 'F', log: line }))],
  ['Fluent Bit without the tag', apache.map((line) => json({ time: '2024-01-02T03:04:05.678Z', stream: 'stdout', log: line }))],
  ['Filebeat', apache.map((message) => json({ '@metadata': { beat: 'filebeat' }, message, log: { offset: 1, file: { path: '/x' } } }))],
  ['Vector', apache.map((message) => json({ file: '/x', kubernetes: {}, message, source_type: 'kubernetes_logs' }))],
  ['Loki', apache.map((line) => json({ labels: { app: 'kafka' }, line, timestamp: '2024-01-02T03:04:05.678Z' }))],
  [
    'OpenTelemetry',
    [json({ body: { stringValue: ZK }, severityText: 'DEBUG' }), json({ body: KRAFT, attributes: { 'log.logger': LOGGER } })],
  ],
  ['Splunk', [json({ event: allowed, time: 1704164645.1 }), json({ event: { message: KRAFT, logger: LOGGER }, time: '1704164645' })]],
  ['Azure Monitor', apache.map((LogMessage) => json({ TimeGenerated: '2024-01-02T03:04:05.67Z', ContainerName: 'kafka', LogMessage }))],
  ['CloudWatch events', apache.map((message) => json({ timestamp: 1704164645678, message, ingestionTime: 1 }))],
  ['Cloud Logging', [json({ jsonPayload: { log: allowed } }), json({ jsonPayload: { message: KRAFT, logger: LOGGER } })]],
  ['the original of ECS', apache.map((original) => json({ event: { original } }))],
  [
    'three parts of the container runtime',
    [
      `2024-01-02T03:04:05.678901234Z stdout P ${allowed.slice(0, 40)}`,
      `2024-01-02T03:04:05.678901235Z stdout P ${allowed.slice(40, 90)}`,
      `2024-01-02T03:04:05.678901236Z stdout F ${allowed.slice(90)}`,
      `2024-01-02T03:04:05.678901237Z stdout F ${denied}`,
    ],
  ],
  [
    'parts with the other stream between them',
    [
      `2024-01-02T03:04:05.678901234Z stdout P ${allowed.slice(0, 40)}`,
      '2024-01-02T03:04:05.678901235Z stderr F OpenJDK 64-Bit Server VM warning: …',
      `2024-01-02T03:04:05.678901236Z stdout F ${allowed.slice(40)}`,
      `2024-01-02T03:04:05.678901237Z stdout F ${denied}`,
    ],
  ],
  [
    'Docker’s parts with the other stream between them',
    [
      json({ log: allowed.slice(0, 40), stream: 'stdout', time: '2024-01-02T03:04:05Z' }),
      json({ log: 'warning\n', stream: 'stderr', time: '2024-01-02T03:04:05Z' }),
      json({ log: `${allowed.slice(40)}\n`, stream: 'stdout', time: '2024-01-02T03:04:05Z' }),
      json({ log: `${denied}\n`, stream: 'stdout', time: '2024-01-02T03:04:05Z' }),
    ],
  ],
  [
    'Fluent Bit’s parts',
    [
      json({ stream: 'stdout', _p: 'P', log: allowed.slice(0, 40) }),
      json({ stream: 'stdout', _p: 'F', log: allowed.slice(40) }),
      json({ stream: 'stdout', _p: 'F', log: denied }),
    ],
  ],
];

describe('both events are found, once, in the layout of', () => {
  it.each(rows)('%s', (_, lines) => {
    const events: unknown[] = [];
    const reader = createAuditReader(({ principal, clientIP, operation, resourceType, name, result, rule }) =>
      events.push([principal, clientIP, operation, resourceType, name, result, rule]),
    );
    for (const line of lines) reader.push(line);
    reader.flush();
    expect(events).toEqual(EVENTS);
    expect(reader.counts).toMatchObject({ malformed: 0, forged: 0, tooLong: 0 });
  });
});

describe('every operation and resource type of Kafka, in both spellings', () => {
  const operations = {
    All: 'ALL',
    Read: 'READ',
    Write: 'WRITE',
    Create: 'CREATE',
    Delete: 'DELETE',
    Alter: 'ALTER',
    Describe: 'DESCRIBE',
    ClusterAction: 'CLUSTER_ACTION',
    DescribeConfigs: 'DESCRIBE_CONFIGS',
    AlterConfigs: 'ALTER_CONFIGS',
    IdempotentWrite: 'IDEMPOTENT_WRITE',
    CreateTokens: 'CREATE_TOKENS',
    DescribeTokens: 'DESCRIBE_TOKENS',
    TwoPhaseCommit: 'TWO_PHASE_COMMIT',
  };
  const types = {
    Topic: 'TOPIC',
    Group: 'GROUP',
    Cluster: 'CLUSTER',
    TransactionalId: 'TRANSACTIONAL_ID',
    DelegationToken: 'DELEGATION_TOKEN',
    User: 'USER',
  };
  const cases = Object.entries(operations).flatMap(([zk, name]) =>
    Object.entries(types).flatMap(([type, typeName]) => [
      [`Operation = ${zk}`, type, name, typeName],
      [`operation = ${name}`, type, name, typeName],
    ]),
  );
  it('gives the enum’s names', () => {
    const found = cases.map(([operation, type]) => {
      let event: unknown;
      const reader = createAuditReader((read) => (event = [read.operation, read.resourceType]));
      reader.push(
        `[2024-01-02 03:04:05,678] DEBUG Principal = User:a is Allowed ${operation} from host = 10.0.0.1 on resource = ${type}:LITERAL:x for request = Fetch with resourceRefCount = 2 (${LOGGER})`,
      );
      reader.flush();
      return event;
    });
    expect(found).toEqual(cases.map(([, , operation, type]) => [operation, type]));
  });
});
