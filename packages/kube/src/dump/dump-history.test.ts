import { describe, expect, test } from 'vitest';
import { at, givenDumps, list, pod, short } from './testing/given-dumps.ts';

const given = givenDumps();

describe('several dumps of one cluster', () => {
  test('what a later list lacks was deleted before it was taken', async () => {
    given.write(
      {
        't0/pods.json': list(pod('a'), pod('b')),
        't0/services.json': list({
          kind: 'Service',
          apiVersion: 'v1',
          metadata: { name: 's', namespace: 'shop', creationTimestamp: at(0) },
        }),
      },
      100,
    );
    given.write({ 't1/pods.json': list(pod('b'), pod('c', { created: 150 })) }, 200);
    expect(short(await given.load('t0', 't1'))).toEqual(['+a@100', '+b@100', '+s@100', '-a@200', '+b@200', '+c@200']);
  });

  test('files of one folder: the lists of one kind follow each other by name, numbers by value', async () => {
    given.write({ 'd/pods-9.json': list(pod('a'), pod('b')), 'd/services-9.json': list(), 'd/pods-10.json': list(pod('b')) }, 100);
    expect(short(await given.load('d'))).toEqual(['+a@100', '+b@100', '-a@100', '+b@100']);
  });

  test('files of one folder whose names say nothing: by the versions of what they share', async () => {
    given.write({
      'd/pods-after.json': list(pod('a', { version: '120' }), pod('c', { created: 5, version: '110' })),
      'd/pods-before.json': list(pod('a', { version: '100' }), pod('b', { version: '101' })),
    });
    expect(short(await given.load('d')).map((text) => text.split('@')[0])).toEqual(['+a', '+b', '-b', '+a', '+c']);
    expect(given.warnings).toEqual([]);
  });

  test('files of one folder that share nothing: by their own times', async () => {
    given.write({ 'e/pods-start.json': list(pod('a')) }, 10);
    given.write({ 'e/pods-end.json': list(pod('b')) }, 20);
    expect(short(await given.load('e'))).toEqual(['+a@10', '-a@20', '+b@20']);
  });

  test('a pod that was ending is gone with its grace period', async () => {
    const ending = {
      ...pod('a'),
      metadata: {
        name: 'a',
        namespace: 'shop',
        uid: 'uid-a',
        creationTimestamp: at(0),
        deletionTimestamp: at(90),
        deletionGracePeriodSeconds: 30,
      },
    };
    given.write({ 't0.json': list(ending) }, 65);
    given.write({ 't1.json': list(pod('b')) }, 300);
    expect(short(await given.load('t0.json', 't1.json'))).toEqual(['+a@65', '-a@90', '+b@300']);
  });

  test('single objects and other kinds end nothing', async () => {
    given.write({
      'a.json': list(pod('a'), pod('b')),
      'b.json': pod('b'),
      'c.json': list({ kind: 'Node', metadata: { name: 'n' } }),
      'd.yaml': 'kind: Pod\nmetadata: {name: z}\n---\nkind: Pod\nmetadata: {name: y}',
    });
    expect(short(await given.load('a.json', 'b.json', 'c.json', 'd.yaml')).filter((text) => text.startsWith('-'))).toEqual([]);
  });

  test('a list of one namespace says nothing of the others', async () => {
    given.write({ 't0/pods.json': list(pod('a'), pod('x', { namespace: 'other' })), 't1/pods.json': list(pod('b')) });
    expect(short(await given.load('t0', 't1')).filter((text) => text.startsWith('-'))).toEqual(['-a@1000']);
  });

  test('unless another list of the same folder shows that all were asked for', async () => {
    const service = (namespace: string): object => ({ kind: 'Service', apiVersion: 'v1', metadata: { name: 's', namespace } });
    given.write({
      't0/pods.json': list(pod('a'), pod('x', { namespace: 'other' })),
      't1/pods.json': list(pod('a')),
      't1/services.json': list(service('shop'), service('other')),
    });
    expect(short(await given.load('t0', 't1')).filter((text) => text.startsWith('-'))).toEqual(['-x@1000']);
  });

  test('one folder per namespace (kubectl cluster-info dump)', async () => {
    given.write({ 'd/shop/pods.json': list(pod('a')), 'd/other/pods.json': list(pod('x', { namespace: 'other' })) });
    expect(short(await given.load('d')).filter((text) => text.startsWith('-'))).toEqual([]);
  });

  test('a new object of the same name ends the old one when it was made', async () => {
    given.write({ 'a.json': list(pod('db', { uid: 'old', created: 0 })), 'b.json': pod('db', { uid: 'new', created: 50 }) }, 100);
    expect(short(await given.load('a.json', 'b.json'))).toEqual(['+old@100', '-old@100', '+new@100']);
  });

  test('time: the file `time`, else the file time when it is near, else the newest time of the objects', async () => {
    given.write({ 'd/pods.json': list(pod('a', { created: 40 })), 'd/time': at(77) }, 5000);
    expect(short(await given.load('d'))).toEqual(['+a@77']);
    given.write({ 'near.json': list(pod('a', { created: 40 })) }, 50);
    expect(short(await given.load('near.json'))).toEqual(['+a@50']);
    given.write({ 'copied.json': list(pod('a', { created: 40 })) }, 1e6);
    expect(short(await given.load('copied.json'))).toEqual(['+a@40']);
    given.write({ 'odd.json': list(pod('a', { created: 40 })) }, 0);
    expect(short(await given.load('odd.json'))).toEqual(['+a@40']);
  });

  test('a deletion never comes before the object was last seen', async () => {
    given.write({ 'a.json': list(pod('a', { created: 10 }), pod('b')) }, 500);
    given.write({ 'b.json': list(pod('b')) }, 100);
    expect(short(await given.load('a.json', 'b.json'))).toEqual(['+a@500', '+b@500', '-a@500', '+b@100']);
  });

  test('dumps without any time', async () => {
    const timeless = (name: string): object => ({ kind: 'Pod', metadata: { name, namespace: 'n', uid: `uid-${name}` } });
    given.write({ 'a.json': list(timeless('a')), 'b.json': list(timeless('b')) });
    expect(short(await given.load('a.json', 'b.json'))).toEqual(['+a@?', '-a@?', '+b@?']);
    expect(given.warnings.map((warning) => warning.code)).toEqual(['no-time']);
  });

  test('an older state changes nothing', async () => {
    given.write({ 'a.json': list(pod('a', { version: '100' })), 'b.json': list(pod('a', { version: '99' })) });
    expect(short(await given.load('a.json', 'b.json'))).toEqual(['+a@0']);
    expect(given.warnings).toMatchObject([{ code: 'older-state', count: 1 }]);
  });

  test('an older state of a Service tells what it was before', async () => {
    const service = (version: string, targetPort: number): object => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'shop', uid: 'web', creationTimestamp: at(1), resourceVersion: version },
      spec: { clusterIP: '10.96.0.7', selector: { app: 'web' }, ports: [{ port: 80, targetPort }] },
    });
    given.write({
      'after.json': list(service('100', 9090)),
      'during.ndjson': JSON.stringify({ type: 'ADDED', time: at(50), object: service('90', 8080) }),
    });
    const changes = (await given.load('after.json', 'during.ndjson')).filter((change) => change.type === 'service');
    expect(changes.map(({ service: { ports }, past }) => [ports[0]?.targetPort, past])).toEqual([
      [9090, undefined],
      [8080, true],
    ]);
    expect(given.warnings).toEqual([]);
  });

  test('a list of the API server that is older than an object does not end it', async () => {
    given.write({
      'a.json': list(pod('a', { version: '100' })),
      'b.json': { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '90' }, items: [pod('b', { version: '80' })] },
    });
    expect(short(await given.load('a.json', 'b.json')).filter((text) => text.startsWith('-'))).toEqual([]);
  });

  test.each([
    ['a dump that is read after what came later does not end it', '80', []],
    ['a newer dump does', '120', ['-new@?']],
  ])('%s (kubectl leaves out the version of the list)', async (_, version, ended) => {
    given.write({
      'later.ndjson': JSON.stringify({ type: 'ADDED', object: pod('new', { version: '100', created: 90 }) }),
      'dump.json': list(pod('old', { version, created: 5 })),
    });
    const changes = short(await given.load('later.ndjson', 'dump.json'));
    expect(changes.filter((text) => text.startsWith('-')).map((text) => text.replace(/@.*/, '@?'))).toEqual(ended);
  });
});
