import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Edge, Peer } from '@nm/core';
import { decode } from 'jpeg-js';
import { describe, expect, test } from 'vitest';
import { runCli } from '../cli.ts';
import { createTestHost, edge, HOSTILE_NAMES, mapText, seen, workload } from '../testing/test-host.ts';
import type { TestHost } from '../testing/test-host.ts';
import { MAX_LABEL, toGraphModel } from './graph-model.ts';
import { MAX_PIXELS, MAX_SIDE_PIXELS, scaleFor } from './render.ts';

const plain = { asKubernetesService: false, showPorts: false, showEvidence: false };
const large = readFileSync(new URL('../fixtures/map-200-edges.json', import.meta.url), 'utf8');
const hostile = HOSTILE_NAMES.flatMap((name): Edge[] => [
  edge(
    workload(name, name),
    { type: 'internet', domain: name, scope: 'public' },
    { kafka: [{ topic: name, operation: name, allowed: false }], evidence: { kafka: seen } },
  ),
]);

async function visualize(map: string, ...args: string[]): Promise<{ readonly host: TestHost; readonly code: number }> {
  const host = createTestHost({ files: { 'map.json': map } });
  return { code: await runCli(['visualize', '--map', 'map.json', ...args], host), host };
}

/** Text elements of an SVG with their entities resolved. */
function textsOf(svg: string): string[] {
  const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"' };
  return [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text = '']) =>
    text.replace(/&(?:#(\d+)|(\w+));/g, (_all, code: string | undefined, name: string | undefined) =>
      code === undefined ? (entities[name ?? ''] ?? '?') : String.fromCodePoint(Number(code)),
    ),
  );
}

/** Tags that an XML parser would stumble over: closed without being open, or never closed. */
function unbalancedTags(svg: string): string[] {
  const open: string[] = [];
  const bad: string[] = [];
  const tags = svg.replace(/<\?.*?\?>|<!DOCTYPE[^>]*>|<!--[\s\S]*?-->/g, '').matchAll(/<(\/?)([a-zA-Z]+)(?:"[^"]*"|[^>"])*?(\/?)>/g);
  for (const [, end, name = '', self] of tags) {
    if (end === '/') {
      if (open.pop() !== name) bad.push(name);
    } else if (self !== '/') open.push(name);
  }
  return [...bad, ...open];
}

describe('model', () => {
  const peers: [string, Peer, string][] = [
    ['namespace', workload('a', 'ns'), 'namespace ns'],
    ['service', { type: 'service', cluster: 'c', namespace: 'ns', name: 's' }, 'namespace ns'],
    ['internet', { type: 'internet', domain: 'a.example', scope: 'public' }, 'internet internet'],
    ['cloud', { type: 'aws', resource: 'arn:x' }, 'cloud AWS'],
    ['API server', { type: 'apiServer', cluster: 'c' }, 'cluster cluster'],
    ['node', { type: 'node', cluster: 'c', name: 'n' }, 'cluster cluster'],
  ];
  test.each(peers)('%s has its frame', (_name, server, expected) => {
    const model = toGraphModel([edge(workload('client', 'other'), server)], plain);
    expect(model.groups.map(({ type, label }) => `${type} ${label}`)).toContain(expected);
  });
  test('lines between the same two are one', () => {
    const outside: Peer = { type: 'internet', scope: 'public', addresses: ['203.0.113.1'] };
    const to = (port: number): Edge => edge(workload('a'), outside, { ports: [{ port, protocol: 'TCP', evidence: {} }] });
    expect(toGraphModel([to(80), to(443)], { ...plain, showPorts: true }).edges).toEqual([
      expect.objectContaining({ labels: ['80/TCP', '443/TCP'] }),
    ]);
  });
  test.each([
    ['looked up', { evidence: { dns: seen } }, { lookupOnly: true, denied: false }],
    ['connected', { evidence: { dns: seen, tcp: seen } }, { lookupOnly: false, denied: false }],
    [
      'denied',
      { evidence: { kafka: seen }, kafka: [{ topic: 't', operation: 'consume', allowed: false }] },
      { lookupOnly: false, denied: true },
    ],
  ])('%s is marked', (_name, rest, expected) =>
    expect(toGraphModel([edge(workload('a'), workload('b'), rest)], plain).edges).toEqual([expect.objectContaining(expected)]),
  );
  test('as Kubernetes Service, and by label', () => {
    const one = edge(workload('a', 'ns', 'Deployment', { team: 'x' }), workload('b', 'ns'), {
      services: [{ namespace: 'ns', name: 'svc' }],
    });
    const model = toGraphModel([one], { ...plain, asKubernetesService: true, distinctByLabel: 'team' });
    expect(model.groups.map(({ label, nodes }) => [label, nodes.map((node) => node.label)])).toEqual([
      ['ns', ['svc']],
      ['team=x', ['a']],
    ]);
  });
  test('endless names are cut', () => {
    const [group] = toGraphModel([edge(workload('a'.repeat(500)), workload('b'))], plain).groups;
    expect(group?.nodes.map(({ label }) => label.length)).toEqual([MAX_LABEL, 1]);
  });
});

describe('formats', () => {
  test('svg: every name of 200 edges is there, nothing is fetched', async () => {
    const { code, host } = await visualize(large, '--format', 'svg');
    expect(code).toBe(0);
    const texts = new Set(textsOf(host.out()));
    expect([...texts]).toEqual(expect.arrayContaining(['frontend', 'kafka', 'API server', 'api0.example.com', 'node node-a', 'denied']));
    expect(host.out()).not.toMatch(/href|<image|<script/);
    expect(host.out().match(/<g id="edge/g)).toHaveLength(200);
  });
  test('png: a picture with something drawn, and drawn the same again', async () => {
    const { host } = await visualize(large, '-o', 'a.png');
    expect(host.err()).toBe('Exported graph as png format to path a.png\n');
    const png = readFileSync(join(host.cwd, 'a.png'));
    expect(png.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
    expect(png.length).toBeGreaterThan(100_000);
    await runCli(['visualize', '--map', 'map.json', '-o', 'b.png'], host);
    expect(readFileSync(join(host.cwd, 'b.png')).equals(png)).toBe(true);
  });
  test('jpg: letters come from the font that we bring', async () => {
    const inkOf = async (name: string): Promise<number> => {
      const { host } = await visualize(mapText([edge(workload(name), workload(name, 'z'))]), '-o', 'a.jpg');
      const { data } = decode(readFileSync(join(host.cwd, 'a.jpg')), { useTArray: true });
      let dark = 0;
      for (let at = 0; at < data.length; at += 4) if ((data[at] ?? 255) < 100) dark += 1;
      return dark;
    };
    expect(await inkOf('mmmmmmmm')).toBeGreaterThan((await inkOf('........')) + 300);
  });
  test('no source of a picture lets a name out of its quotes', async () => {
    const dot = (await visualize(mapText(hostile), '--format', 'dot')).host.out();
    expect(dot.replace(/"([^"\\]|\\.)*"/g, '""')).toMatch(/^[\w\s{}[\]=>.#;,-]*["\w\s{}[\]=>.#;,-]*$/);
    const mermaid = (await visualize(mapText(hostile), '--format', 'mermaid')).host.out();
    expect(
      mermaid
        .split('\n')
        .every((line) =>
          /^(%% [\w :,]+|flowchart LR|\s+subgraph g\d+ \["[^"]*"\]|\s+end|\s+n\d+\(?\[?"[^"<>`]*"\]?\)?|\s+n\d+\(\["[^"<>`]*"\]\)|\s+n\d+ -->\|"denied"\| n\d+|\s+linkStyle [\d,]+ [\w:#,]+|)$/.test(
            line,
          ),
        ),
    ).toBe(true);
  });
  test('svg of hostile names is well formed and shows them as text', async () => {
    const { code, host } = await visualize(mapText(hostile), '--format', 'svg');
    expect(code).toBe(0);
    const svg = host.out();
    expect(svg).not.toMatch(/(?!\n)[\p{Cc}\ufffe\uffff]/u);
    expect(svg).not.toContain('<script');
    expect(svg).not.toContain('<b>');
    const texts = textsOf(svg).map((text) => text.replaceAll('\u00a0', ' '));
    expect(texts).toEqual(
      expect.arrayContaining(['<b>html</b>&amp;', 'quote"here', 'back\\slash\\N\\G', 'line\\x0abreak\\x0d\\x0amore', '漢字カナ']),
    );
    expect(unbalancedTags(svg)).toEqual([]);
  });
  test('too many calls for a picture: one line that says what to do', async () => {
    const many = mapText(Array.from({ length: 2001 }, (_, index) => edge(workload(`c${index}`), workload('s'))));
    const { code, host } = await visualize(many, '-o', 'a.png');
    expect([code, host.err()]).toEqual([
      2,
      'network-mapper: 2001 calls are too many for one picture (at most 2000): draw less (-n, --workload, --server), or write --format dot\n',
    ]);
    expect(existsSync(join(host.cwd, 'a.png'))).toBe(false);
  });
  test.each([
    ['small', 100, 100],
    ['wide', 40_000, 10],
    ['tall', 10, 40_000],
    ['huge', 15_000, 15_000],
  ])('a %s drawing stays within the bounds', (_name, width, height) => {
    const scale = scaleFor(width, height);
    expect(Math.max(width, height) * scale).toBeLessThanOrEqual(MAX_SIDE_PIXELS + 1);
    expect(width * height * scale * scale).toBeLessThanOrEqual(MAX_PIXELS + 1);
  });
});

test('bash completes what its script says', async () => {
  const host = createTestHost({ otherCommands: [{ name: 'mapper', summary: 'x' }] });
  expect(await runCli(['completion', 'bash'], host)).toBe(0);
  const complete = (...words: string[]): string[] => {
    const script = `${host.out()}\nCOMP_WORDS=(network-mapper ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _network_mapper; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return spawnSync('bash', ['-c', script], { encoding: 'utf8', cwd: host.cwd }).stdout.trim().split('\n');
  };
  expect(complete('')).toEqual(expect.arrayContaining(['list', 'visualize', 'mapper']));
  expect(complete('vi')).toEqual(['visualize']);
  expect(complete('visualize', '--format', '')).toEqual(['png', 'svg', 'jpg', 'dot', 'mermaid']);
  expect(complete('list', '--exclude')).toEqual(['--exclude-services', '--exclude-labels']);
  expect(complete('completion', 'f')).toEqual(['fish']);
});

test.each(['zsh', 'fish', 'powershell'])('a script for %s names every command and flag', async (shell) => {
  const host = createTestHost();
  expect(await runCli(['completion', shell], host)).toBe(0);
  for (const word of ['snapshot', 'as-kubernetes-service', 'markdown', 'single-file']) expect(host.out()).toContain(word);
});
