import { createReadStream, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { MeshEdge } from './mesh-edges.ts';
import { printStatistics } from './print-statistics.ts';

interface Expected {
  readonly edges: readonly Partial<MeshEdge>[];
  readonly edges_2: readonly Partial<MeshEdge>[];
}

const fixture = (name: string): string => new URL(`fixtures/${name}`, import.meta.url).pathname;

async function print(file: AsyncIterable<Uint8Array>, previous?: AsyncIterable<Uint8Array>): Promise<MeshEdge[]> {
  const edges: MeshEdge[] = [];
  await printStatistics(file, previous, (line) => edges.push(JSON.parse(line) as MeshEdge));
  return edges;
}

const text = (...lines: string[]): Readable => Readable.from([Buffer.from(lines.join('\n'))]);
const short = (edges: readonly MeshEdge[]): string[] =>
  edges.map(
    (edge) =>
      `${edge.source}.${edge.sourceNamespace} ${edge.destination}.${edge.destinationNamespace} ${edge.methods.join()} ${edge.path ?? '-'} ${edge.requests}`,
  );

const LABELS =
  'source_workload="web",source_workload_namespace="shop",destination_workload="cart",destination_workload_namespace="shop",destination_service="cart.shop.svc.cluster.local"';
const series = (reporter: string, path: string, rest: string): string =>
  `istio_requests_total{reporter="${reporter}",${LABELS},request_method="GET",request_path="${path}"}${rest}`;

describe('the recorded statistics', () => {
  const rows = ['frontend', 'reviews-v2'].flatMap((pod) => [
    [pod, 'requests_total.prom', 'edges'] as const,
    [pod, 'stats.json', 'edges'] as const,
    [pod, 'stats_all.prom', 'edges'] as const,
    [pod, 'merged_15020.prom', 'edges'] as const,
    [pod, 'requests_total_2.prom', 'edges_2'] as const,
    [pod, 'stats_2.json', 'edges_2'] as const,
  ]);
  it.each(rows)('%s/%s', async (pod, file, key) => {
    const expected = (JSON.parse(readFileSync(fixture(`${pod}/expected.json`), 'utf8')) as Expected)[key];
    const edges = await print(createReadStream(fixture(`${pod}/${file}`)));
    expect(edges.map(({ requests: _requests, destinationService: _service, ...edge }) => edge)).toEqual(expected);
  });

  it.each([
    ['Prometheus text', 'requests_total_2.prom', 'requests_total.prom'],
    ['JSON', 'stats_2.json', 'stats.json'],
    ['one of each', 'requests_total_2.prom', 'stats.json'],
  ])('only what has risen: %s', async (_, file, previous) => {
    const frontend = await print(createReadStream(fixture(`frontend/${file}`)), createReadStream(fixture(`frontend/${previous}`)));
    expect(short(frontend)).toEqual(['frontend.shop cart-v1.shop GET /cart 1', 'frontend.shop cart-v1.shop PATCH /cart/items/42 1']);
    const restarted = await print(createReadStream(fixture(`reviews-v2/${file}`)), createReadStream(fixture(`reviews-v2/${previous}`)));
    expect(short(restarted)).toEqual([
      'productpage-v1.bookinfo reviews-v2.bookinfo GET /reviews/2 1',
      'reviews-v2.bookinfo ratings-v1.bookinfo GET /ratings/0 2',
    ]);
  });
});

describe('lines of the text formats', () => {
  const rows: readonly [string, readonly string[], readonly string[]][] = [
    ['no line feed at the end', [series('source', '/a', ' 3')], ['web.shop cart.shop GET /a 3']],
    ['a time', [series('source', '/a', ' 3 1395066363000')], ['web.shop cart.shop GET /a 3']],
    ['an exemplar', [series('source', '/a', ' 3 # {trace_id="x",span="} 9"} 1 1395066363.000')], ['web.shop cart.shop GET /a 3']],
    ['a float', [series('source', '/a', ' 3.0')], ['web.shop cart.shop GET /a 3']],
    ['an exponent', [series('source', '/a', ' 1.2e+03')], ['web.shop cart.shop GET /a 1200']],
    [
      'Windows line ends',
      [`${series('source', '/a', ' 3')}\r`, `${series('source', '/b', ' 4')}\r`],
      ['web.shop cart.shop GET /a 3', 'web.shop cart.shop GET /b 4'],
    ],
    ['braces and values in a path', [series('source', '/a} 5 # {x', ' 3')], ['web.shop cart.shop GET /a} 5 # {x 3']],
    ['escapes', [series('source', String.raw`/a\\b\"c\"`, ' 3')], [String.raw`web.shop cart.shop GET /a\b"c" 3`]],
    ['a query with everything', [series('source', '/a.b/c-d/%20e?x=1&path=/z', ' 3')], ['web.shop cart.shop GET /a.b/c-d/%20e 3']],
    ['a prefix of stock Envoy', [`envoy_istiocustom_${series('source', '/a', ' 3')}`], ['web.shop cart.shop GET /a 3']],
    ['both ends count once', [series('source', '/a', ' 3'), series('destination', '/a', ' 2')], ['web.shop cart.shop GET /a 3']],
    ['a waypoint', [series('waypoint', '/a', ' 2')], ['web.shop cart.shop GET /a 2']],
    ['queries of one path add up', [series('source', '/a?x', ' 3'), series('source', '/a?y', ' 2')], ['web.shop cart.shop GET /a 5']],
    [
      'comments and others',
      [
        '# HELP istio_requests_total x',
        '# TYPE istio_requests_total counter',
        'myistio_requests_total{reporter="source"} 1',
        'istio_build{component="proxy"} 1',
        series('source', '/a', ' 3'),
        '# EOF',
      ],
      ['web.shop cart.shop GET /a 3'],
    ],
    ['not a number', [series('source', '/a', ' NaN'), series('source', '/b', ' +Inf'), series('source', '/c', ' -1')], []],
    [
      'damaged lines',
      [
        series('source', '/a', ''),
        'istio_requests_total{reporter="source',
        'istio_requests_total{',
        'istio_requests_total',
        series('source', '/b', ' 1'),
      ],
      ['web.shop cart.shop GET /b 1'],
    ],
    ['no path label', [`istio_requests_total{reporter="source",${LABELS}} 4`], ['web.shop cart.shop  - 4']],
    ['an unknown workload', [series('destination', '/a', ' 3').replace('"web"', '"unknown"')], []],
    [
      'a workload called unknown-x',
      [series('destination', '/a', ' 3').replace('"web"', '"unknown-x"')],
      ['unknown-x.shop cart.shop GET /a 3'],
    ],
    [
      'lines of the admin interface',
      [
        'server.live: 1',
        'istiocustom.istio_requests_total.reporter.source.source_workload.web.source_workload_namespace.shop.destination_workload.cart.destination_workload_namespace.shop.request_method.HEAD.request_path./a.b: c: 7',
      ],
      ['web.shop cart.shop HEAD /a.b: c 7'],
    ],
  ];
  it.each(rows)('%s', async (_, lines, expected) => {
    expect(short(await print(text(...lines)))).toEqual(expected);
  });

  it('chunks may end anywhere', async () => {
    const whole = readFileSync(fixture('frontend/merged_15020.prom'));
    const expected = await print(Readable.from([whole]));
    for (const size of [1, 7, 333, 4096]) {
      const chunks = Array.from({ length: Math.ceil(whole.length / size) }, (_, index) => whole.subarray(index * size, (index + 1) * size));
      expect(await print(Readable.from(chunks))).toEqual(expected);
    }
  });

  it('a line without end is left out, the next is read', async () => {
    const chunks = Array.from({ length: 100 }, () => Buffer.from(`istio_requests_total{x="${'y'.repeat(10_000)}`));
    expect(short(await print(Readable.from([...chunks, Buffer.from(`\n${series('source', '/a', ' 3')}`)])))).toEqual([
      'web.shop cart.shop GET /a 3',
    ]);
  });
});

describe('JSON', () => {
  it.each([
    ['damaged', '{"stats":[', 'statistics-unreadable'],
    ['something else', '{"a":1}', 'statistics-unreadable'],
  ])('%s', async (_, json, code) => {
    await expect(print(text(json))).rejects.toMatchObject({ code });
  });

  it('histograms and other elements are passed over', async () => {
    expect(await print(text('{"stats":[{"histograms":{}},null,{"name":"server.live","value":1},{"name":5}]}'))).toEqual([]);
  });
});
