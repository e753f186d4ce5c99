import { expect, it } from 'vitest';
import { createAccessAggregate } from './access-aggregate.ts';
import type { AuditEvent } from './audit-reader.ts';

const BROKER = { namespace: 'kafka', name: 'kafka-0', isPod: true };

function event(more: Partial<AuditEvent>): AuditEvent {
  return {
    line: 1,
    principal: 'User:mallory',
    clientIP: '10.0.0.1',
    operation: 'READ',
    resourceType: 'GROUP',
    name: 'g',
    patternType: 'LITERAL',
    result: 'DENIED',
    resourceRefCount: 1,
    pseudo: false,
    ...more,
  };
}

it('names that a client made too long are one access, so that they cannot fill the memory', () => {
  const aggregate = createAccessAggregate();
  const long = 'g'.repeat(32_000);
  for (let i = 0; i < 100; i += 1) {
    aggregate.add(event({ name: `${long}${i}` }), BROKER, i);
    aggregate.add(event({ principal: `${long}${i}` }), BROKER, i);
    aggregate.add(event({ operation: `${long}${i}` }), BROKER, i);
  }
  expect(aggregate.size).toBe(3);
  expect(
    aggregate.drain().map(({ kafka, count }) => [kafka?.topic.length, kafka?.principal?.length, kafka?.operation.length, count]),
  ).toEqual([
    [1024, 12, 7, 100],
    [1, 1024, 7, 100],
    [1, 12, 64, 100],
  ]);
});

it.each([['plain'], ['\u00e9t\u00e9'], ['\u6f22\u5b57'], ['\ud800 alone'], ['\u0000\u001b[31m']])('keeps the name %j as it is', (name) => {
  const aggregate = createAccessAggregate();
  aggregate.add(event({ name }), BROKER, 1);
  expect(aggregate.drain()[0]?.kafka?.topic).toBe(name);
});
