import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClusterChange } from '@nm/core';
import { loadDumps } from './load-dumps.ts';
import type { DumpWarning } from './warnings.ts';

const T0 = Date.parse('2026-01-01T00:00:00Z');
const at = (second: number): string => new Date(T0 + second * 1000).toISOString();

let folder = '';
let warnings: DumpWarning[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nm-dump-'));
  warnings = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes files whose modification time is `modifiedAt` seconds after T0. */
function write(files: Record<string, unknown>, modifiedAt = 1000): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content, null, 2));
    utimesSync(path, new Date(T0 + modifiedAt * 1000), new Date(T0 + modifiedAt * 1000));
  }
}

async function load(...names: string[]): Promise<ClusterChange[]> {
  return loadDumps(
    names.map((name) => join(folder, name)),
    { onWarning: (warning) => warnings.push(warning) },
  );
}

interface PodOptions {
  readonly namespace?: string;
  readonly uid?: string;
  readonly created?: number;
  readonly version?: string;
}
function pod(name: string, options: PodOptions = {}): object {
  const { namespace = 'shop', uid = `uid-${name}`, created = 0, version } = options;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, uid, creationTimestamp: at(created), resourceVersion: version },
    status: { phase: 'Running', podIP: '10.0.0.1' },
  };
}
const list = (...items: object[]): object => ({ apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items });

function nameOf(change: Exclude<ClusterChange, { type: 'range' }>): string {
  switch (change.type) {
    case 'pod':
      return change.pod.uid.replace('uid-', '');
    case 'endpoints':
      return change.endpoints.id;
    case 'service':
      return change.service.name;
    case 'node':
      return change.node.name;
    case 'namespace':
      return change.namespace.name;
    case 'owner':
      return change.owner.name;
    case 'entry':
      return change.entry.name;
    case 'networkPolicy':
    case 'authorizationPolicy':
      return change.policy.name;
    case 'clientIntents':
      return change.intents.name;
  }
}

/** Changes in short: `+name@second` seen, `-name@second` deleted. */
function short(changes: readonly ClusterChange[]): string[] {
  return changes.map((change) => {
    if (change.type === 'range') return `range ${change.cidr}`;
    const name = nameOf(change);
    return `${change.deleted === true ? '-' : '+'}${name}@${change.at === undefined ? '?' : (change.at - T0) / 1000}`;
  });
}

describe('forms', () => {
  const yaml = `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: a, namespace: shop, uid: uid-a, creationTimestamp: "${at(0)}"}
- apiVersion: v1
  kind: Pod
  metadata: {name: b, namespace: shop, uid: uid-b, creationTimestamp: ${at(0)}}
`;
  const podList = {
    apiVersion: 'v1',
    kind: 'PodList',
    metadata: {},
    items: [pod('a'), pod('b')].map((item) => ({ ...item, kind: undefined, apiVersion: undefined })),
  };
  const events = [
    { type: 'ADDED', object: pod('a') },
    { type: 'ADDED', object: pod('b') },
  ];
  test.each<[string, string, unknown]>([
    ['List', 'x.json', list(pod('a'), pod('b'))],
    ['PodList, items without a kind', 'x.json', podList],
    ['array', 'x.json', [pod('a'), pod('b')]],
    ['array of watch events', 'x.json', events],
    ['List of Lists', 'x.json', list(list(pod('a')), list(pod('b')))],
    [
      'values one after the other (get --watch -o json)',
      'x.json',
      [pod('a'), pod('b')].map((item) => JSON.stringify(item, null, 1)).join('\n'),
    ],
    ['watch events one after the other', 'x.json', events.map((item) => JSON.stringify(item, null, 1)).join('\n')],
    ['gzip', 'x.json.gz', gzipSync(JSON.stringify(list(pod('a'), pod('b'))))],
    ['byte order mark', 'x.json', `\uFEFF${JSON.stringify(list(pod('a'), pod('b')))}`],
    ['UTF-16 of PowerShell', 'x.json', Buffer.from(`\uFEFF${JSON.stringify(list(pod('a'), pod('b')))}`, 'utf16le')],
    ['YAML', 'x.yaml', yaml],
    ['YAML under another name', 'x.txt', yaml],
    ['YAML, several documents', 'x.yml', `---\n${JSON.stringify(pod('a'))}\n---\nkind: Pod\nmetadata: {name: b, uid: uid-b}\n---\n`],
    ['watch stream', 'x.ndjson', events.map((item) => JSON.stringify(item)).join('\n')],
    ['watch stream of bare objects', 'x.jsonl', [pod('a'), pod('b')].map((item) => JSON.stringify(item)).join('\r\n')],
    ['watch stream, gzip', 'x.ndjson.gz', gzipSync(events.map((item) => JSON.stringify(item)).join('\n'))],
  ])('%s', async (_name, file, content) => {
    write({ [file]: content });
    expect(short(await load(file)).map((text) => text.split('@')[0])).toEqual(['+a', '+b']);
    expect(warnings).toEqual([]);
  });

  test('a folder: its dumps by name, with folders below; other files are left alone', async () => {
    write({
      'd/pods.json': list(pod('a')),
      'd/sub/nodes.yaml': 'kind: Node\nmetadata: {name: n}',
      'd/readme.txt': 'hello',
      'd/logs.txt': '{',
    });
    expect(short(await load('d')).map((text) => text.split('@')[0])).toEqual(['+a', '+n']);
  });
});

describe('several dumps of one cluster', () => {
  test('what a later list lacks was deleted before it was taken', async () => {
    write(
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
    write({ 't1/pods.json': list(pod('b'), pod('c', { created: 150 })) }, 200);
    expect(short(await load('t0', 't1'))).toEqual(['+a@100', '+b@100', '+s@100', '-a@200', '+b@200', '+c@200']);
  });

  test('files of one folder: the lists of one kind follow each other by name, numbers by value', async () => {
    write({ 'd/pods-9.json': list(pod('a'), pod('b')), 'd/services-9.json': list(), 'd/pods-10.json': list(pod('b')) }, 100);
    expect(short(await load('d'))).toEqual(['+a@100', '+b@100', '-a@100', '+b@100']);
  });

  test('files of one folder whose names say nothing: by the versions of what they share', async () => {
    write({
      'd/pods-after.json': list(pod('a', { version: '120' }), pod('c', { created: 5, version: '110' })),
      'd/pods-before.json': list(pod('a', { version: '100' }), pod('b', { version: '101' })),
    });
    expect(short(await load('d')).map((text) => text.split('@')[0])).toEqual(['+a', '+b', '-b', '+a', '+c']);
    expect(warnings).toEqual([]);
  });

  test('files of one folder that share nothing: by their own times', async () => {
    write({ 'e/pods-start.json': list(pod('a')) }, 10);
    write({ 'e/pods-end.json': list(pod('b')) }, 20);
    expect(short(await load('e'))).toEqual(['+a@10', '-a@20', '+b@20']);
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
    write({ 't0.json': list(ending) }, 65);
    write({ 't1.json': list(pod('b')) }, 300);
    expect(short(await load('t0.json', 't1.json'))).toEqual(['+a@65', '-a@90', '+b@300']);
  });

  test('single objects and other kinds end nothing', async () => {
    write({
      'a.json': list(pod('a'), pod('b')),
      'b.json': pod('b'),
      'c.json': list({ kind: 'Node', metadata: { name: 'n' } }),
      'd.yaml': 'kind: Pod\nmetadata: {name: z}\n---\nkind: Pod\nmetadata: {name: y}',
    });
    expect(short(await load('a.json', 'b.json', 'c.json', 'd.yaml')).filter((text) => text.startsWith('-'))).toEqual([]);
  });

  test('a list of one namespace says nothing of the others', async () => {
    write({ 't0/pods.json': list(pod('a'), pod('x', { namespace: 'other' })), 't1/pods.json': list(pod('b')) });
    expect(short(await load('t0', 't1')).filter((text) => text.startsWith('-'))).toEqual(['-a@1000']);
  });

  test('unless another list of the same folder shows that all were asked for', async () => {
    const service = (namespace: string): object => ({ kind: 'Service', apiVersion: 'v1', metadata: { name: 's', namespace } });
    write({
      't0/pods.json': list(pod('a'), pod('x', { namespace: 'other' })),
      't1/pods.json': list(pod('a')),
      't1/services.json': list(service('shop'), service('other')),
    });
    expect(short(await load('t0', 't1')).filter((text) => text.startsWith('-'))).toEqual(['-x@1000']);
  });

  test('one folder per namespace (kubectl cluster-info dump)', async () => {
    write({ 'd/shop/pods.json': list(pod('a')), 'd/other/pods.json': list(pod('x', { namespace: 'other' })) });
    expect(short(await load('d')).filter((text) => text.startsWith('-'))).toEqual([]);
  });

  test('a new object of the same name ends the old one when it was made', async () => {
    write({ 'a.json': list(pod('db', { uid: 'old', created: 0 })), 'b.json': pod('db', { uid: 'new', created: 50 }) }, 100);
    expect(short(await load('a.json', 'b.json'))).toEqual(['+old@100', '-old@100', '+new@100']);
  });

  test('time: the file `time`, else the file time when it is near, else the newest time of the objects', async () => {
    write({ 'd/pods.json': list(pod('a', { created: 40 })), 'd/time': at(77) }, 5000);
    expect(short(await load('d'))).toEqual(['+a@77']);
    write({ 'near.json': list(pod('a', { created: 40 })) }, 50);
    expect(short(await load('near.json'))).toEqual(['+a@50']);
    write({ 'copied.json': list(pod('a', { created: 40 })) }, 1e6);
    expect(short(await load('copied.json'))).toEqual(['+a@40']);
    write({ 'odd.json': list(pod('a', { created: 40 })) }, 0);
    expect(short(await load('odd.json'))).toEqual(['+a@40']);
  });

  test('a deletion never comes before the object was last seen', async () => {
    write({ 'a.json': list(pod('a', { created: 10 }), pod('b')) }, 500);
    write({ 'b.json': list(pod('b')) }, 100);
    expect(short(await load('a.json', 'b.json'))).toEqual(['+a@500', '+b@500', '-a@500', '+b@100']);
  });

  test('dumps without any time', async () => {
    const timeless = (name: string): object => ({ kind: 'Pod', metadata: { name, namespace: 'n', uid: `uid-${name}` } });
    write({ 'a.json': list(timeless('a')), 'b.json': list(timeless('b')) });
    expect(short(await load('a.json', 'b.json'))).toEqual(['+a@?', '-a@?', '+b@?']);
    expect(warnings.map((warning) => warning.code)).toEqual(['no-time']);
  });

  test('an older state changes nothing', async () => {
    write({ 'a.json': list(pod('a', { version: '100' })), 'b.json': list(pod('a', { version: '99' })) });
    expect(short(await load('a.json', 'b.json'))).toEqual(['+a@0']);
    expect(warnings).toMatchObject([{ code: 'older-state', count: 1 }]);
  });

  test('an older state of a Service tells what it was before', async () => {
    const service = (version: string, targetPort: number): object => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'shop', uid: 'web', creationTimestamp: at(1), resourceVersion: version },
      spec: { clusterIP: '10.96.0.7', selector: { app: 'web' }, ports: [{ port: 80, targetPort }] },
    });
    write({
      'after.json': list(service('100', 9090)),
      'during.ndjson': JSON.stringify({ type: 'ADDED', time: at(50), object: service('90', 8080) }),
    });
    const changes = (await load('after.json', 'during.ndjson')).filter((change) => change.type === 'service');
    expect(changes.map(({ service: { ports }, past }) => [ports[0]?.targetPort, past])).toEqual([
      [9090, undefined],
      [8080, true],
    ]);
    expect(warnings).toEqual([]);
  });

  test('a list of the API server that is older than an object does not end it', async () => {
    write({
      'a.json': list(pod('a', { version: '100' })),
      'b.json': { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '90' }, items: [pod('b', { version: '80' })] },
    });
    expect(short(await load('a.json', 'b.json')).filter((text) => text.startsWith('-'))).toEqual([]);
  });

  test.each([
    ['a dump that is read after what came later does not end it', '80', []],
    ['a newer dump does', '120', ['-new@?']],
  ])('%s (kubectl leaves out the version of the list)', async (_, version, ended) => {
    write({
      'later.ndjson': JSON.stringify({ type: 'ADDED', object: pod('new', { version: '100', created: 90 }) }),
      'dump.json': list(pod('old', { version, created: 5 })),
    });
    const changes = short(await load('later.ndjson', 'dump.json'));
    expect(changes.filter((text) => text.startsWith('-')).map((text) => text.replace(/@.*/, '@?'))).toEqual(ended);
  });
});

describe('watch streams', () => {
  const stream = (...events: unknown[]): string =>
    events.map((event) => (typeof event === 'string' ? event : JSON.stringify(event))).join('\n');

  test('times of the lines, else of the objects', async () => {
    const ended = {
      ...pod('b', { created: 5 }),
      status: { phase: 'Succeeded', containerStatuses: [{ state: { terminated: { finishedAt: at(9) } } }] },
    };
    write({
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
    expect(short(await load('w.ndjson'))).toEqual(['+a@3', '+a@4', '+b@5', '-a@8', '-b@9', '-never-seen@12']);
    expect(warnings).toEqual([]);
  });

  test('what tells only of its making changed and ended when the stream was that far, if it was', async () => {
    const service = (created: number): object => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: `s${created}`, namespace: 'shop', uid: `uid-s${created}`, creationTimestamp: at(created) },
      spec: { clusterIP: `10.96.0.${created}`, ports: [{ port: 80 }] },
    });
    write({
      'w.ndjson': stream(
        { type: 'ADDED', object: service(1) },
        { type: 'ADDED', object: service(2) },
        { type: 'DELETED', object: service(2) },
        { type: 'ADDED', object: pod('b', { created: 5 }) },
        { type: 'MODIFIED', object: service(1) },
        { type: 'DELETED', object: service(1) },
      ),
    });
    const times = (await load('w.ndjson')).flatMap((change) =>
      change.type === 'service'
        ? [
            `${change.deleted === true ? '-' : '+'}${change.service.name} ${change.at === undefined ? 'some time' : new Date(change.at).toISOString()}`,
          ]
        : [],
    );
    expect(times).toEqual([`+s1 ${at(1)}`, `+s2 ${at(2)}`, '-s2 some time', `+s1 ${at(5)}`, `-s1 ${at(5)}`]);
  });

  test('a deletion carries the last state', async () => {
    write({ 'w.ndjson': stream({ type: 'DELETED', object: { ...pod('a'), status: { phase: 'Running', podIP: '10.0.0.77' } } }) });
    expect(await load('w.ndjson')).toMatchObject([{ type: 'pod', deleted: true, pod: { addresses: ['10.0.0.77'] } }]);
  });

  test('in a folder the streams follow the lists', async () => {
    write({ 'd/a-watch.ndjson': stream({ type: 'DELETED', object: pod('a'), time: at(50) }), 'd/pods.json': list(pod('a')) }, 10);
    expect(short(await load('d'))).toEqual(['+a@10', '-a@50']);
  });

  test('broken and cut lines, errors', async () => {
    write({
      'w.ndjson': stream(
        '{"type":"ADDED","object"',
        { type: 'ADDED', object: pod('a') },
        { type: 'ERROR', object: { kind: 'Status', code: 410 } },
        '42',
        '{"type":"ADD',
      ),
    });
    expect(short(await load('w.ndjson'))).toHaveLength(1);
    expect(warnings.map(({ code, count }) => `${code} ${count}`)).toEqual(['bad-line 2', 'watch-error 1', 'not-an-object 1']);
    expect(warnings[0]?.message).toContain('w.ndjson line 1');
  });

  test('no line is JSON', async () => {
    write({ 'w.ndjson': 'hello\nworld\n' });
    await expect(load('w.ndjson')).rejects.toMatchObject({ code: 'dump-not-parsable', message: expect.stringContaining('line 1') });
  });
});

describe('trouble', () => {
  test('a few bad objects are counted once per kind of trouble', async () => {
    write({
      'x.json': {
        kind: 'List',
        items: [
          pod('a'),
          null,
          { kind: 'Pod' },
          { metadata: {} },
          { kind: 'EndpointSlice', metadata: { name: 'e' } },
          7,
          { kind: 'Event', metadata: { name: 'e' } },
        ],
      },
    });
    expect(short(await load('x.json'))).toHaveLength(1);
    expect(warnings.map(({ code, count }) => `${code} ${count}`)).toEqual(['not-an-object 2', 'no-name 1', 'no-kind 1', 'no-service 1']);
    expect(warnings[0]?.message).toBe(`2 items that are no objects were skipped (first: ${join(folder, 'x.json')} item 2)`);
  });

  test('a watch that was cut off', async () => {
    write({ 'x.json': `${JSON.stringify(pod('a'))}\n{"kind": "Pod", "metadata": {` });
    expect(short(await load('x.json'))).toHaveLength(1);
    expect(warnings).toMatchObject([{ code: 'truncated', count: 1 }]);
  });

  test.each<[string, string, unknown, string, RegExp]>([
    ['missing', 'none.json', undefined, 'dump-unreadable', /none\.json: cannot be read \(there is no such file or folder\)/],
    ['a capture', 'x.pcap', '\u00d4\u00c3\u00b2\u00a1\u0002\u0000', 'dump-not-parsable', /x\.pcap: is not text; .* a capture with --pcap/],
    ['broken JSON', 'x.json', '{"kind": "List",\n "items": [}', 'dump-not-parsable', /x\.json: is not JSON at line 2, column 12/],
    ['cut JSON', 'x.json', '{"kind": "List", "items": [', 'dump-not-parsable', /is not JSON at line 1/],
    ['text after the value', 'x.json', '{} hello', 'dump-not-parsable', /is not JSON at line 1, column 4/],
    ['broken YAML', 'x.yaml', 'kind: Pod\nmetadata: [', 'dump-not-parsable', /is not YAML at line 2, column 12: (?!.* at line)/],
    ['plain text', 'x.txt', 'No resources found', 'dump-not-parsable', /neither a JSON nor a YAML object/],
    ['broken gzip', 'x.json.gz', Buffer.from([0x1f, 0x8b, 8, 0, 1]), 'dump-unreadable', /not whole gzip data/],
    [
      'YAML bomb',
      'x.yaml',
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d]`,
      'dump-not-parsable',
      /alias/i,
    ],
  ])('%s', async (_name, file, content, code, message) => {
    if (content !== undefined) write({ [file]: content });
    await expect(load(file)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('a folder without dumps', async () => {
    write({ 'd/readme.md': 'x' });
    await expect(load('d')).rejects.toMatchObject({ code: 'dump-empty' });
  });

  test('an empty file, an empty list', async () => {
    write({ 'a.json': '', 'b.json': list() });
    expect(await load('a.json', 'b.json')).toEqual([]);
    expect(warnings.map(({ message }) => message)).toEqual([
      `1 files are empty: did the command fail that should have written them? (first: ${join(folder, 'a.json')})`,
    ]);
  });

  test('can be stopped', async () => {
    write({ 'a.json': list(pod('a')) });
    await expect(loadDumps([join(folder, 'a.json')], { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });
});
