import { describe, expect, test } from 'vitest';
import { at, givenDumps, list, pod, short } from './testing/given-dumps.ts';

const given = givenDumps();

describe('watch streams', () => {
  const stream = (...events: unknown[]): string =>
    events.map((event) => (typeof event === 'string' ? event : JSON.stringify(event))).join('\n');

  test('times of the lines, else of the objects', async () => {
    const ended = {
      ...pod('b', { created: 5 }),
      status: { phase: 'Succeeded', containerStatuses: [{ state: { terminated: { finishedAt: at(9) } } }] },
    };
    given.write({
      'w.ndjson': stream(
        { type: 'ADDED', object: pod('a'), time: at(3) },
        { type: 'MODIFIED', object: pod('a'), time: at(4) },
        { type: 'ADDED', object: pod('b', { created: 5 }) },
        { type: 'BOOKMARK', object: { kind: 'Pod', metadata: { resourceVersion: '7' } } },
        { type: 'DELETED', object: pod('a'), time: at(8) },
        { type: 'DELETED', object: ended },
        { type: 'DELETED', object: pod('never-seen'), time: at(12) },
      ),
    });
    expect(short(await given.load('w.ndjson'))).toEqual(['+a@3', '+a@4', '+b@5', '-a@8', '-b@9', '-never-seen@12']);
    expect(given.warnings).toEqual([]);
  });

  test('what tells only of its making changed and ended when the stream was that far, if it was', async () => {
    const service = (created: number): object => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: `s${created}`, namespace: 'shop', uid: `uid-s${created}`, creationTimestamp: at(created) },
      spec: { clusterIP: `10.96.0.${created}`, ports: [{ port: 80 }] },
    });
    given.write({
      'w.ndjson': stream(
        { type: 'ADDED', object: service(1) },
        { type: 'ADDED', object: service(2) },
        { type: 'DELETED', object: service(2) },
        { type: 'ADDED', object: pod('b', { created: 5 }) },
        { type: 'MODIFIED', object: service(1) },
        { type: 'DELETED', object: service(1) },
      ),
    });
    const times = (await given.load('w.ndjson')).flatMap((change) =>
      change.type === 'service'
        ? [
            `${change.deleted === true ? '-' : '+'}${change.service.name} ${change.at === undefined ? 'some time' : new Date(change.at).toISOString()}`,
          ]
        : [],
    );
    expect(times).toEqual([`+s1 ${at(1)}`, `+s2 ${at(2)}`, '-s2 some time', `+s1 ${at(5)}`, `-s1 ${at(5)}`]);
  });

  test('a deletion carries the last state', async () => {
    given.write({ 'w.ndjson': stream({ type: 'DELETED', object: { ...pod('a'), status: { phase: 'Running', podIP: '10.0.0.77' } } }) });
    expect(await given.load('w.ndjson')).toMatchObject([{ type: 'pod', deleted: true, pod: { addresses: ['10.0.0.77'] } }]);
  });

  test('in a folder the streams follow the lists', async () => {
    given.write({ 'd/a-watch.ndjson': stream({ type: 'DELETED', object: pod('a'), time: at(50) }), 'd/pods.json': list(pod('a')) }, 10);
    expect(short(await given.load('d'))).toEqual(['+a@10', '-a@50']);
  });

  test('broken and cut lines, errors', async () => {
    given.write({
      'w.ndjson': stream(
        '{"type":"ADDED","object"',
        { type: 'ADDED', object: pod('a') },
        { type: 'ERROR', object: { kind: 'Status', code: 410 } },
        '42',
        '{"type":"ADD',
      ),
    });
    expect(short(await given.load('w.ndjson'))).toHaveLength(1);
    expect(given.warnings.map(({ code, count }) => `${code} ${count}`)).toEqual(['bad-line 2', 'watch-error 1', 'not-an-object 1']);
    expect(given.warnings[0]?.message).toContain('w.ndjson line 1');
  });

  test('no line is JSON', async () => {
    given.write({ 'w.ndjson': 'hello\nworld\n' });
    await expect(given.load('w.ndjson')).rejects.toMatchObject({ code: 'dump-not-parsable', message: expect.stringContaining('line 1') });
  });
});
