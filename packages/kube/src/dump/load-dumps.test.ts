import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { loadDumps } from './load-dumps.ts';
import { at, givenDumps, list, pod, short } from './testing/given-dumps.ts';

const given = givenDumps();

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
    given.write({ [file]: content });
    expect(short(await given.load(file)).map((text) => text.split('@')[0])).toEqual(['+a', '+b']);
    expect(given.warnings).toEqual([]);
  });

  test('a folder: its dumps by name, with folders below; other files are left alone', async () => {
    given.write({
      'd/pods.json': list(pod('a')),
      'd/sub/nodes.yaml': 'kind: Node\nmetadata: {name: n}',
      'd/readme.txt': 'hello',
      'd/logs.txt': '{',
      'd/._pods.json': Buffer.from([0, 5, 22, 7]),
      'd/..2026_01_01/pods.json': list(pod('old')),
    });
    expect(short(await given.load('d')).map((text) => text.split('@')[0])).toEqual(['+a', '+n']);
  });
});

describe('trouble', () => {
  test('a few bad objects are counted once per kind of trouble', async () => {
    given.write({
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
    expect(short(await given.load('x.json'))).toHaveLength(1);
    expect(given.warnings.map(({ code, count }) => `${code} ${count}`)).toEqual([
      'not-an-object 2',
      'no-name 1',
      'no-kind 1',
      'no-service 1',
    ]);
    expect(given.warnings[0]?.message).toBe(`2 items that are no objects were skipped (first: ${join(given.folder, 'x.json')} item 2)`);
  });

  test('a watch that was cut off', async () => {
    given.write({ 'x.json': `${JSON.stringify(pod('a'))}\n{"kind": "Pod", "metadata": {` });
    expect(short(await given.load('x.json'))).toHaveLength(1);
    expect(given.warnings).toMatchObject([{ code: 'truncated', count: 1 }]);
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
    if (content !== undefined) given.write({ [file]: content });
    await expect(given.load(file)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('a folder without dumps', async () => {
    given.write({ 'd/readme.md': 'x' });
    await expect(given.load('d')).rejects.toMatchObject({ code: 'dump-empty' });
  });

  test('an empty file, an empty list', async () => {
    given.write({ 'a.json': '', 'b.json': list() });
    expect(await given.load('a.json', 'b.json')).toEqual([]);
    expect(given.warnings.map(({ message }) => message)).toEqual([
      `1 files are empty: did the command fail that should have written them? (first: ${join(given.folder, 'a.json')})`,
    ]);
  });

  test('can be stopped', async () => {
    given.write({ 'a.json': list(pod('a')) });
    await expect(loadDumps([join(given.folder, 'a.json')], { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });
});
