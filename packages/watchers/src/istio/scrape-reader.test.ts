import { describe, expect, it } from 'vitest';
import { createScrapeReader } from './scrape-reader.ts';

const request = (path: string, value: number): string => `istio_requests_total{reporter="source",request_path="${path}"} ${value}\n`;
const TEXT = [
  '# TYPE istio_requests_total counter\n',
  request('/a', 1),
  'envoy_cluster_upstream_rq{x="y"} 7\n',
  request(`/${'b'.repeat(10_000)}`, 2),
  // Longer than any proxy writes: left out, and what follows is not.
  request(`/${'c'.repeat(200_000)}`, 3),
  '\n',
  request('/d', 4),
  request('/e', 5).trimEnd(),
].join('');

describe('an answer', () => {
  it.each([1, 7, 1_000, 65_536, TEXT.length])('may come in pieces of %i bytes', (size) => {
    const found: [string | undefined, number][] = [];
    const reader = createScrapeReader((_bytes, _from, _end, value, read) =>
      found.push([read()?.labels.get('request_path')?.slice(0, 3), value]),
    );
    const bytes = Buffer.from(TEXT);
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
    reader.end();
    const isOnePiece = size === TEXT.length;
    expect(found.filter(([, value]) => value !== 3)).toEqual([
      ['/a', 1],
      ['/bb', 2],
      ['/d', 4],
      ['/e', 5],
    ]);
    // A line that is whole in one piece takes no memory beside it.
    expect(found.length).toBe(isOnePiece ? 5 : 4);
    expect(reader.badLines).toBe(isOnePiece ? 0 : 1);
  });
});
