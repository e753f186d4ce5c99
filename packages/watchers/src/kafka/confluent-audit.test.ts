import { describe, expect, it } from 'vitest';
import { createAuditReader } from './audit-reader.ts';

const event = (data: object, more: object = {}): string =>
  JSON.stringify({
    id: '889bdcd9-a378-4bfe-8860-180ef8efd208',
    source: 'crn:///kafka=8caBa-0_Tu-2k3rKSxY64Q',
    specversion: '1.0',
    type: 'io.confluent.kafka.server/authorization',
    time: '2026-01-02T03:04:05.678Z',
    datacontenttype: 'application/json',
    subject: 'crn:///kafka=8caBa-0_Tu-2k3rKSxY64Q/topic=departures',
    data: {
      serviceName: 'crn:///kafka=8caBa-0_Tu-2k3rKSxY64Q',
      methodName: 'kafka.Produce',
      resourceName: 'crn:///kafka=8caBa-0_Tu-2k3rKSxY64Q/topic=departures',
      authenticationInfo: { principal: 'User:CN=web, O=Acme' },
      authorizationInfo: {
        granted: true,
        operation: 'Write',
        resourceType: 'Topic',
        resourceName: 'departures',
        patternType: 'LITERAL',
        superUserAuthorization: true,
      },
      request: { correlation_id: '-1', client_id: 'adminclient-6' },
      requestMetadata: { client_address: '/10.0.0.1' },
      ...data,
    },
    ...more,
  });
const DEPARTURES = {
  line: 1,
  principal: 'User:CN=web, O=Acme',
  clientIP: '10.0.0.1',
  operation: 'WRITE',
  resourceType: 'TOPIC',
  name: 'departures',
  patternType: 'LITERAL',
  result: 'ALLOWED',
  request: 'PRODUCE',
  resourceRefCount: 1,
  rule: 'SuperUser',
  pseudo: false,
  at: Date.parse('2026-01-02T03:04:05.678Z'),
};

function read(line: string): unknown[] {
  const events: unknown[] = [];
  const reader = createAuditReader((found) => events.push(found));
  reader.push(line);
  reader.flush();
  return events;
}

describe('audit events of Confluent Server', () => {
  it.each([
    ['alone', event({}), [DEPARTURES]],
    ['behind the head of a layout', `[2026-01-02 03:04:05,678] INFO ${event({})} (io.confluent.security.audit.log.fallback)`, [DEPARTURES]],
    ['in a line of Docker', JSON.stringify({ log: `${event({})}\n`, stream: 'stdout', time: '2026-01-02T03:04:05.678Z' }), [DEPARTURES]],
    [
      'a later record: addresses in a list, denied by an ACL',
      event({
        requestMetadata: {},
        clientAddress: [{ ip: 'fd00::1', port: 9092 }],
        authorizationInfo: { granted: false, operation: 'DescribeConfigs', resourceType: 'Group', resourceName: 'g', aclAuthorization: {} },
      }),
      [
        {
          ...DEPARTURES,
          clientIP: 'fd00::1',
          operation: 'DESCRIBE_CONFIGS',
          resourceType: 'GROUP',
          name: 'g',
          result: 'DENIED',
          rule: 'MatchingAcl',
        },
      ],
    ],
    ['an authentication', event({}, { type: 'io.confluent.kafka.server/authentication' }), []],
    ['no client', event({ requestMetadata: {} }), []],
    [
      "in another logger's sentence",
      `[2026-01-02 03:04:05,678] INFO Preparing to rebalance group ${event({})} (kafka.coordinator.group.GroupCoordinator)`,
      [],
    ],
    [
      'before the end of a sentence',
      `[2026-01-02 03:04:05,678] INFO ${event({})} is a group (kafka.coordinator.group.GroupCoordinator)`,
      [],
    ],
  ])('%s', (_, line, expected) => {
    expect(read(line)).toEqual(expected);
  });

  it("in a name that the authorizer's message holds, it is that name", () => {
    const line = `[2026-01-02 03:04:05,678] DEBUG Principal = User:a is Allowed operation = READ from host = 10.0.0.9 on resource = Group:LITERAL:${event({})} for request = JoinGroup with resourceRefCount = 1 based on rule DefaultAllow (kafka.authorizer.logger)`;
    expect(read(line)).toMatchObject([{ principal: 'User:a', resourceType: 'GROUP', name: event({}) }]);
  });
});
