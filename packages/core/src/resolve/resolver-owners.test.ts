import { describe, expect, test } from 'vitest';
import type { ClusterChange } from '../cluster/records.ts';
import type { Observation } from '../model/observation.ts';
import { deployed, endpoints, pod, service, T } from '../testing/cluster.ts';
import { view, SHOP, dns, tcp, lines, F, table } from '../testing/resolving.ts';

describe('rule 6: who owned an address at the time', () => {
  const old = pod('old', '10.244.1.50', { startedAt: T - 60_000, finishedAt: T, createdAt: T - 60_000 });
  const young = pod('young', '10.244.1.50', { startedAt: T + 2_000, createdAt: T + 1_000, uid: 'young-uid' });
  const from = (at: number, more: Partial<Observation['source']> = {}): Observation => ({
    ...tcp('203.0.113.7:443'),
    source: { address: '10.244.1.50', ...more },
    firstSeenAt: at,
    lastSeenAt: at,
  });
  table([
    ['the old pod until it finished', [old, young], from(T - 1), ['Pod/shop/old > public 203.0.113.7, port 443/TCP']],
    ['the end has a resolution of a second', [old, young], from(T + 900), ['Pod/shop/old > public 203.0.113.7, port 443/TCP']],
    ['the new pod from its start', [old, young], from(T + 2_000), ['Pod/shop/young > public 203.0.113.7, port 443/TCP']],
    ['nobody in between', [old, young], from(T + 1_500), ['unknown 10.244.1.50 pod-gone > public 203.0.113.7, port 443/TCP']],
    [
      'the pod that the node itself named wins',
      [old, young],
      from(T - 1, { podUid: 'young-uid' }),
      ['Pod/shop/young > public 203.0.113.7, port 443/TCP'],
    ],
    [
      'of two in the same second, the later start that is not after the capture',
      [
        pod('first', '10.244.1.60', { startedAt: T, finishedAt: T }),
        pod('second', '10.244.1.60', { startedAt: T, firstContainerStartedAt: T + 500 }),
      ],
      { ...from(T + 400), source: { address: '10.244.1.60' } },
      ['Pod/shop/first > public 203.0.113.7, port 443/TCP'],
    ],
    [
      'a Succeeded pod owns nothing even if its status keeps the address',
      [pod('done', '10.244.1.70', { phase: 'Succeeded', finishedAt: T - 10_000, startedAt: T - 60_000 })],
      { ...from(T), source: { address: '10.244.1.70' } },
      ['unknown 10.244.1.70 pod-gone > public 203.0.113.7, port 443/TCP'],
    ],
    [
      'a deleted pod without a known end: until its deletion was observed',
      [pod('gone', '10.244.1.80'), { ...pod('gone', '10.244.1.80'), deleted: true, at: T - 5_000 }],
      { ...from(T - 6_000), source: { address: '10.244.1.80' } },
      ['Pod/shop/gone > public 203.0.113.7, port 443/TCP'],
    ],
    [
      'a secondary address of another network',
      [pod('multi', ['10.244.1.90', '192.168.7.7'])],
      { ...from(T), source: { address: '192.168.7.7' } },
      ['Pod/shop/multi > public 203.0.113.7, port 443/TCP'],
    ],
  ]);
});

describe('rule 7: who is behind a Service at a time', () => {
  const v1 = deployed('web-v1', '10.244.1.21', { labels: { app: 'web' }, startedAt: T - 60_000, finishedAt: T });
  const v2 = deployed('web-v2', '10.244.1.22', { labels: { app: 'web' }, startedAt: T + 5_000, createdAt: T + 5_000 });
  const web = service('web', '10.96.1.9', [{ port: 80 }]);
  const movedTo = (address: string, time: number, deleted: boolean): ClusterChange =>
    Object.assign(endpoints('moved', [address], [{ port: 8080, protocol: 'TCP' }]), { at: time, deleted });
  const moved: ClusterChange[] = [
    ...deployed('first', '10.244.2.34'),
    ...deployed('second', '10.244.2.35'),
    service('moved', '10.96.1.13', [{ port: 80 }], { selector: {} }),
    movedTo('10.244.2.34', T - 1_000, false),
    movedTo('10.244.2.35', T + 1_000, false),
    movedTo('10.244.2.35', T + 2_000, true),
  ];
  const at = (time: number): Observation => ({ ...dns('web.shop.svc.cluster.local', ['10.96.1.9']), firstSeenAt: time, lastSeenAt: time });
  table([
    ['the pods of that time', [v1, v2, web], at(T - 1_000), [`${F} > Deployment/shop/web-v1, service shop/web`]],
    ['those of later', [v1, v2, web], at(T + 6_000), [`${F} > Deployment/shop/web-v2, service shop/web`]],
    ['between two: those that were there last', [v1, v2, web], at(T + 3_000), [`${F} > Deployment/shop/web-v1, service shop/web`]],
    [
      'only ready ones where it is known',
      [
        deployed('a', '10.244.1.31', { labels: { app: 'web' }, ready: { status: true, since: T - 10 } }),
        deployed('b', '10.244.1.32', { labels: { app: 'web' }, ready: { status: false } }),
        web,
      ],
      at(T),
      [`${F} > Deployment/shop/a, service shop/web`],
    ],
    [
      'a selector that changed: that of the time',
      [
        deployed('blue', '10.244.1.41', { labels: { app: 'x', slot: 'blue' } }),
        deployed('green', '10.244.1.42', { labels: { app: 'x', slot: 'green' } }),
        service('x', '10.96.1.11', [{}], { selector: { slot: 'blue' } }),
        { ...service('x', '10.96.1.11', [{}], { selector: { slot: 'green' } }), at: T + 1_000 },
      ],
      { ...dns('x.shop.svc.cluster.local', []), lastSeenAt: T + 500 },
      [`${F} > Deployment/shop/blue, service shop/x`],
    ],
    [
      'without a selector the endpoints decide',
      [
        deployed('legacy', '10.244.2.33'),
        service('ext', '10.96.1.12', [{ port: 80 }], { selector: {} }),
        endpoints('ext', ['10.244.2.33'], [{ port: 8080, protocol: 'TCP' }]),
      ],
      dns('ext.shop.svc.cluster.local', ['10.96.1.12']),
      [`${F} > Deployment/shop/legacy, service shop/ext`],
    ],
    [
      'without a selector the endpoints say the port too, by its name',
      [
        deployed('legacy', '10.244.2.33'),
        service('ext', '10.96.1.12', [{ name: 'web', port: 80, targetPort: 81 }], { selector: {} }),
        endpoints(
          'ext',
          ['10.244.2.33'],
          [
            { name: 'admin', port: 9000, protocol: 'TCP' },
            { name: 'web', port: 8080, protocol: 'UDP' },
            { name: 'web', port: 8081, protocol: 'TCP' },
          ],
        ),
      ],
      tcp('10.96.1.12:80'),
      [`${F} > Deployment/shop/legacy, port 8081/TCP asked 80, service shop/ext`],
    ],
    [
      'without a selector: each pod has the port of its own endpoints',
      [
        deployed('legacy', '10.244.2.33'),
        deployed('modern', '10.244.2.34'),
        service('ext', '10.96.1.12', [{ port: 80 }], { selector: {} }),
        ...[33, 34].map((last): ClusterChange => {
          const change = endpoints('ext', [`10.244.2.${last}`], [{ port: 8000 + last, protocol: 'TCP' }]);
          return change.type === 'endpoints' ? { ...change, endpoints: { ...change.endpoints, id: `ext-${last}` } } : change;
        }),
      ],
      tcp('10.96.1.12:80'),
      [
        `${F} > Deployment/shop/legacy, port 8033/TCP asked 80, service shop/ext, shared`,
        `${F} > Deployment/shop/modern, port 8034/TCP asked 80, service shop/ext, shared`,
      ],
    ],
    [
      'without a selector: the port of endpoints outside the cluster',
      [
        service('ext', '10.96.1.12', [{ port: 3306 }], { selector: {} }),
        endpoints('ext', ['192.0.2.42'], [{ port: 13_306, protocol: 'TCP' }]),
      ],
      tcp('10.96.1.12:3306'),
      [`${F} > service shop/ext, port 13306/TCP asked 3306, service shop/ext`],
    ],
    [
      'without a selector and endpoints: the port that the Service says',
      [service('ext', '10.96.1.12', [{ port: 3306, targetPort: 3307 }], { selector: {} })],
      tcp('10.96.1.12:3306'),
      [`${F} > service shop/ext, port 3307/TCP asked 3306, service shop/ext`],
    ],
    [
      'without a selector: the endpoints of that time',
      moved,
      { ...dns('moved.shop.svc.cluster.local', ['10.96.1.13']), lastSeenAt: T + 500 },
      [`${F} > Deployment/shop/first, service shop/moved`],
    ],
    [
      'without a selector: those of later',
      moved,
      { ...dns('moved.shop.svc.cluster.local', ['10.96.1.13']), lastSeenAt: T + 1_500 },
      [`${F} > Deployment/shop/second, service shop/moved`],
    ],
    [
      'without a selector and after the endpoints went: the Service',
      moved,
      { ...dns('moved.shop.svc.cluster.local', ['10.96.1.13']), lastSeenAt: T + 2_500 },
      [`${F} > service shop/moved, service shop/moved`],
    ],
  ]);

  test('endpoints and Services that are long gone are forgotten', () => {
    const cluster = view([...SHOP, moved, { ...service('gone', '10.96.1.14', [{ nodePort: 30099 }]), at: T, deleted: true }]);
    cluster.prune(T + 10_000);
    expect(lines(cluster, tcp('10.0.0.2:30099'))).toEqual([`${F} > node node-2, port 30099/TCP`]);
    expect(cluster.services.all().map(({ record }) => record.name)).not.toContain('gone');
    const entry = cluster.services.named('shop', 'moved', T);
    expect(entry === undefined ? undefined : cluster.services.endpointsOf(entry, T)).toEqual([]);
  });
});

describe('rule 11 and identity', () => {
  const apiPod = (name: string, n: string): ClusterChange =>
    pod(`${name}-${n}`, '10.0.0.1', {
      nodeName: n,
      hostNetwork: true,
      uid: `u-${name}-${n}`,
      annotations: { 'kubernetes.io/config.mirror': 'x', 'kubernetes.io/config.hash': `hash-${name}` },
      ports: [{ containerPort: name === 'etcd' ? 2379 : 10259, protocol: 'TCP' }],
    });
  test('static pods of a node are each their own, by the hash in their cgroup', () => {
    const cluster = view([...SHOP, apiPod('etcd', 'node-1'), apiPod('scheduler', 'node-1')]);
    const from = (podUid: string): Observation => ({ ...tcp('10.0.0.1:6443'), node: 'node-1', source: { address: '10.0.0.1', podUid } });
    expect([lines(cluster, from('hash-etcd')), lines(cluster, from('hash-scheduler'))]).toEqual([
      ['Pod/shop/etcd > apiServer, port 6443/TCP'],
      ['Pod/shop/scheduler > apiServer, port 6443/TCP'],
    ]);
  });
});
