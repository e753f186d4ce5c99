import { describe, expect, test } from 'vitest';
import { toElements } from '../elements.ts';
import { groupNodes } from '../group.ts';
import { createMapModel } from '../model.ts';
import type { Palette } from '../looks.ts';
import { packLayout } from '../packed-layout.ts';
import { toCsv } from '../table.ts';
import type { UiEdge } from '../ui-edge.ts';
import { toViewGraph } from '../view-graph.ts';
import { toFileName, visibleText } from '../visible-text.ts';
import { toDot } from './dot.ts';
import { toMermaid } from './mermaid.ts';
import { toSvg } from './svg.ts';

const COLOURS = new Proxy({}, { get: () => '#123456' }) as Palette;
const times = { count: 1, firstSeen: '2026-03-01T12:00:00Z', lastSeen: '2026-03-01T12:00:00Z' };

/** All pictures and the table of one call to a server of this name. */
function exportsOf(name: string) {
  const edge: UiEdge = {
    id: '1',
    client: { type: 'workload', cluster: 'c', namespace: 'shop', name: 'web', kind: 'Deployment' },
    server: { type: 'workload', cluster: 'c', namespace: name, name, kind: 'Deployment' },
    class: 'app',
    shared: false,
    evidence: { tcp: times },
    ports: [],
    http: [{ path: name, methods: ['GET'] }],
  };
  const model = createMapModel();
  model.upsert([edge]);
  const links = [...model.links.values()];
  const view = toViewGraph(links, groupNodes(links), { opened: new Set(), closed: new Set() });
  const elements = toElements(view, 0);
  return {
    svg: toSvg(elements, packLayout(elements), COLOURS),
    dot: toDot(view),
    mermaid: toMermaid(view),
    csv: toCsv(
      links.map((link) => ({ link })),
      ['server', 'details'],
    ),
  };
}

describe('names of an attacker', () => {
  test.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    '</text><a href="javascript:1">',
    '&lt;b&gt;',
    ']]>',
    '\u0000\u0008',
  ])('SVG holds %j as text', (name) => {
    const { svg } = exportsOf(name);
    expect(
      [...svg.matchAll(/<\/?([a-zA-Z]+)/g)].map(([, tag]) => tag).filter((tag) => !/^(svg|rect|path|polygon|text|g)$/.test(tag ?? '')),
    ).toEqual([]);
    expect(svg).not.toMatch(/(?!\n)\p{Cc}|&(?!amp;|lt;|gt;|quot;)/u);
  });

  test.each(['a"]; evil [URL="javascript:1', 'a\\', 'a\\" b', 'a\nb -> c;'])('DOT keeps %j within its quotes', (name) => {
    const { dot } = exportsOf(name);
    const outside = dot.replace(/"(?:[^"\\]|\\.)*"/gs, '""');
    expect(outside).not.toMatch(/evil|URL|b -> c/);
    expect(outside.split('"').length % 2).toBe(1);
  });

  test.each(['a"] --> evil', '`**x**`', '%%{init: {"securityLevel": "loose"}}%%', '<img src=x>', '&lt;img&gt;', 'a\nclick n0 call evil()'])(
    'Mermaid keeps %j within its quotes',
    (name) => {
      const { mermaid } = exportsOf(name);
      expect(mermaid.replace(/"[^"\n]*"/g, '')).not.toMatch(/evil|img|init|%|`/);
      for (const [, text] of mermaid.matchAll(/"([^"\n]*)"/g)) expect(text).not.toMatch(/[`%{}<>&]/);
    },
  );

  test.each(['=HYPERLINK("http://x")', '+1', '-1', '@SUM(A1)', '＝1', 'a;=1+1', 'a,@x', '\t=1'])(
    'a spreadsheet reads %j as text',
    (name) => {
      const [, row = ''] = exportsOf(name).csv.split('\r\n');
      for (const cell of row.split(/[,;]/)) expect(cell.replace(/^"+/, '')).not.toMatch(/^\s*[=+\-@＝＋－＠]/);
    },
  );

  test('what hides or turns text around is seen', () => {
    expect(visibleText('cart\u202Eexe\u200B')).toBe('cart\u{FFFD}exe\u{FFFD}');
    const model = createMapModel();
    model.upsert([
      {
        id: '1',
        client: { type: 'internet', domain: 'a\u202Eb', scope: 'public' },
        server: { type: 'node', cluster: 'c', name: 'n' },
        class: 'app',
        shared: false,
        evidence: {},
        ports: [],
      },
    ]);
    expect([...model.nodes.values()][0]?.name).toBe('a\u{FFFD}b');
  });

  test.each([
    ['../../etc/passwd', 'etc-passwd'],
    ['cart\u202Egnp.exe', 'cart-gnp.exe'],
    ['', 'map'],
    ['a'.repeat(500), 'a'.repeat(100)],
  ])('%j as a file is %s', (name, want) => expect(toFileName(name)).toBe(want));
});
