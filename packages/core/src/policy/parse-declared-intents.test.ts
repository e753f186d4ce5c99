import { describe, expect, test } from 'vitest';
import { parseDeclaredIntents } from './parse-declared-intents.ts';

const metadata = { name: 'checkout', namespace: 'shop' };

describe('ClientIntents objects', () => {
  test('v2beta1: workload and targets', () => {
    const spec = {
      workload: { name: 'checkout', kind: 'Deployment' },
      targets: [
        { kubernetes: { name: 'cart.store', kind: 'StatefulSet', http: [{ path: '/', methods: ['GET'] }] } },
        { service: { name: 'kubernetes.default' } },
        { kafka: { name: 'broker.kafka', topics: [{ name: 'orders', operations: ['produce'] }] } },
        { internet: { domains: ['*.example.com'], ports: [443] } },
        { aws: { arn: 'arn:aws:s3:::b', actions: ['s3:GetObject'] } },
        { gcp: { resource: 'projects/p', permissions: ['x'] } },
        { azure: { scope: '/subscriptions/s', actions: ['y'] } },
        { sql: { name: 'db' } },
      ],
    };
    expect(parseDeclaredIntents({ apiVersion: 'k8s.otterize.com/v2beta1', kind: 'ClientIntents', metadata, spec })).toEqual({
      ...metadata,
      workload: { name: 'checkout', kind: 'Deployment' },
      targets: [
        { type: 'kubernetes', name: 'cart.store', kind: 'StatefulSet' },
        { type: 'service', name: 'kubernetes.default' },
        { type: 'kafka', name: 'broker.kafka', topics: ['orders'] },
        { type: 'internet', domains: ['*.example.com'], ports: [443] },
        { type: 'aws', resource: 'arn:aws:s3:::b' },
        { type: 'gcp', resource: 'projects/p' },
        { type: 'azure', resource: '/subscriptions/s' },
      ],
    });
  });

  test('v1alpha3: service and calls', () => {
    const spec = {
      service: { name: 'checkout' },
      calls: [
        { name: 'cart', HTTPResources: [{ path: '/', methods: ['GET'] }], type: 'http' },
        { name: 'svc:kubernetes.default' },
        { name: 'broker', type: 'kafka', kafkaTopics: [{ name: 'orders', operations: ['consume'] }] },
        { type: 'internet', internet: { ips: ['203.0.113.7/32'] } },
        { name: 'arn:aws:s3:::b', type: 'aws', awsActions: ['s3:GetObject'] },
        { name: 'db', type: 'database' },
      ],
    };
    expect(parseDeclaredIntents({ apiVersion: 'k8s.otterize.com/v1alpha3', kind: 'ClientIntents', metadata, spec })?.targets).toEqual([
      { type: 'kubernetes', name: 'cart' },
      { type: 'service', name: 'kubernetes.default' },
      { type: 'kafka', name: 'broker', topics: ['orders'] },
      { type: 'internet', ips: ['203.0.113.7/32'] },
      { type: 'aws', resource: 'arn:aws:s3:::b' },
    ]);
  });

  test.each([
    ['another kind', { kind: 'Pod', metadata, spec: { workload: { name: 'a' } } }],
    ['no spec', { kind: 'ClientIntents', metadata }],
    ['no workload', { kind: 'ClientIntents', metadata, spec: { targets: [] } }],
    ['no object', 'ClientIntents'],
  ])('%s is none', (_name, object) => expect(parseDeclaredIntents(object)).toBeUndefined());

  test('unreadable targets are left out, the others stay', () => {
    const spec = { workload: { name: 'a' }, targets: [null, 7, {}, { kubernetes: {} }, { service: { name: 'b' } }] };
    expect(parseDeclaredIntents({ metadata, spec })?.targets).toEqual([{ type: 'service', name: 'b' }]);
  });
});
