import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAuditMessage } from './parse-audit-message.ts';

const acl = (name: string, pattern: string, open = '[', close = ']'): string =>
  `MatchingAcl(acl=StandardAcl${open}resourceType=GROUP, resourceName=${name}, patternType=${pattern}, principal=User:a, host=*, operation=READ, permissionType=ALLOW${close})`;
const message = (principal: string, resource: string, rest = ' for request = JoinGroup with resourceRefCount = 1'): string =>
  `Principal = ${principal} is Allowed operation = READ from host = 10.0.0.1 on resource = ${resource}${rest}`;
const TAIL = ' for request = Fetch with resourceRefCount = 9';

describe('names and principals hold any text', () => {
  const rows: readonly [string, string, { principal?: string; name?: string; rule?: string; pseudo?: boolean; resourceType?: string }][] = [
    ['colons', message('User:a', 'User:LITERAL:User:audit:b'), { resourceType: 'USER', name: 'User:audit:b' }],
    ['an empty name', message('User:a', 'Group:LITERAL:'), { name: '' }],
    ['the end of a message in the name', message('User:a', `Group:LITERAL:g${TAIL}`), { name: `g${TAIL}` }],
    [
      'the same with a rule',
      message('User:a', `Group:LITERAL:g${TAIL} based on rule SuperUser`),
      { name: `g${TAIL} based on rule SuperUser` },
    ],
    [
      'the end of a message in the name and in the ACL',
      `${message('User:a', `Group:LITERAL:g${TAIL}`)} based on rule ${acl(`g${TAIL}`, 'LITERAL')}`,
      { name: `g${TAIL}`, rule: acl(`g${TAIL}`, 'LITERAL') },
    ],
    [
      'the end and a rule in the name and in the ACL',
      `${message('User:a', `Group:LITERAL:g${TAIL} based on rule SuperUser`)} based on rule ${acl(`g${TAIL} based on rule SuperUser`, 'LITERAL')}`,
      { name: `g${TAIL} based on rule SuperUser` },
    ],
    [
      'a prefixed ACL',
      `${message('User:a', 'Group:LITERAL:group-1')} based on rule ${acl('group-', 'PREFIXED')}`,
      { name: 'group-1', rule: acl('group-', 'PREFIXED') },
    ],
    [
      'a prefixed ACL with the end in it',
      `${message('User:a', `Group:LITERAL:g${TAIL}more`)} based on rule ${acl(`g${TAIL}`, 'PREFIXED')}`,
      { name: `g${TAIL}more` },
    ],
    [
      'round brackets of Kafka 3',
      `${message('User:a', 'Group:LITERAL:g')} based on rule ${acl('*', 'LITERAL', '(', ')')} (kafka.authorizer.logger)`,
      { rule: acl('*', 'LITERAL', '(', ')') },
    ],
    [
      'commas and quotes in the principal',
      message('User:CN=a,O=Acme \\"X\\", Inc.', 'Group:LITERAL:g'),
      { principal: 'User:CN=a,O=Acme \\"X\\", Inc.' },
    ],
    [
      'words of the message in the principal',
      message('User:a is Allowed Operation \\= Read is Denied', 'Group:LITERAL:g'),
      { principal: 'User:a is Allowed Operation \\= Read is Denied' },
    ],
    [
      'words of the message in the name',
      message('User:a', 'Group:LITERAL: is Allowed operation = WRITE from host = h on resource = Topic:LITERAL:t'),
      { name: ' is Allowed operation = WRITE from host = h on resource = Topic:LITERAL:t' },
    ],
    [
      'no resource meant (KRaft)',
      message('User:a', 'Topic:LITERAL:hardcode', ' for request = InitProducerId with resourceRefCount = 0'),
      { pseudo: true },
    ],
    [
      'no resource meant (ZooKeeper)',
      message('User:a', 'Topic:UNKNOWN:NONE', ' for request = InitProducerId with resourceRefCount = 0'),
      { pseudo: true },
    ],
    ['a topic that is really called hardcode', message('User:a', 'Topic:LITERAL:hardcode'), { pseudo: false, name: 'hardcode' }],
    ['an unknown resource type', message('User:a', 'SomethingNew:LITERAL:x'), { resourceType: 'SOMETHING_NEW' }],
    [
      'a rule that we do not know',
      `${message('User:a', 'Group:LITERAL:g')} based on rule NewRule(x=1) (kafka.authorizer.logger) [thread-1]`,
      { rule: 'NewRule(x=1)' },
    ],
  ];
  it.each(rows)('%s', (_, text, expected) => {
    expect(parseAuditMessage(text)).toMatchObject(expected);
  });
});

describe('older brokers', () => {
  const old = (resource: string): string =>
    `Principal = User:a is Denied Operation = ClusterAction from host = 0:0:0:0:0:0:0:1 on resource = ${resource} (kafka.authorizer.logger)`;
  it.each([
    [
      'before 2.6',
      old('Cluster:LITERAL:kafka-cluster'),
      { operation: 'CLUSTER_ACTION', resourceType: 'CLUSTER', name: 'kafka-cluster', patternType: 'LITERAL', clientIP: '0:0:0:0:0:0:0:1' },
    ],
    ['before 2.0', old('Topic:my topic'), { name: 'my topic', patternType: 'LITERAL', result: 'DENIED' }],
  ])('%s', (_, text, expected) => {
    const parsed = parseAuditMessage(text);
    expect(parsed).toMatchObject(expected);
    expect(parsed?.request).toBeUndefined();
  });
});

describe('not a whole message', () => {
  it.each([
    ['nothing', ''],
    ['the start', 'Principal = User:a is Allowed'],
    ['no end', 'Principal = User:a is Allowed operation = READ from host = h on resource = Group:LITERAL:g'],
    ['no host', 'Principal = User:a is Allowed operation = READ on resource = Group:LITERAL:g for request = X with resourceRefCount = 1'],
    [
      'no pattern',
      'Principal = User:a is Allowed operation = READ from host = h on resource = Group for request = X with resourceRefCount = 1',
    ],
    ['another logger', 'User:a is a super user'],
  ])('%s', (_, text) => {
    expect(parseAuditMessage(text)).toBeUndefined();
  });
});

it('gives back any principal and any name that hold no words of the message', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (principal, name) => {
      const parsed = parseAuditMessage(message(`User:${principal}`, `Group:LITERAL:${name}`));
      expect(parsed).toMatchObject({ principal: `User:${principal}`, name });
    }),
  );
});

it('never throws', () => {
  const words = fc.constantFrom(
    'Principal = ',
    ' is Allowed ',
    'operation = ',
    'READ',
    ' from host = ',
    'h',
    ' on resource = ',
    'Group:LITERAL:',
    ' for request = ',
    'X',
    ' with resourceRefCount = ',
    '1',
    ' based on rule ',
    'MatchingAcl(acl=StandardAcl[',
    ', resourceName=',
    ', patternType=LITERAL, ',
    '\n',
    ':',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 40 }), (parts) => {
      expect(() => parseAuditMessage(`Principal = ${parts.join('')}`)).not.toThrow();
    }),
    { numRuns: 2000 },
  );
});
