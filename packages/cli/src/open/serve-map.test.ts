import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { edge, workload } from '../testing/test-host.ts';
import { serveMap } from './serve-map.ts';

let folder: string;
let served: Awaited<ReturnType<typeof serveMap>>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nm-open-'));
  mkdirSync(join(folder, 'web', 'assets'), { recursive: true });
  writeFileSync(join(folder, 'web', 'index.html'), '<html>');
  writeFileSync(join(folder, 'web', 'assets', 'main.js'), 'main()');
  writeFileSync(join(folder, 'secret'), 'nobody asked for it');
  served = await serveMap(join(folder, 'web'), { edges: [edge(workload('<script>'), workload('cart'))], generatedAt: 0, window: {} });
});
afterEach(async () => {
  await served.close();
  rmSync(folder, { recursive: true });
});

/** Not by fetch, which mends paths and the header Host. */
async function ask(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; type: string; text: string; answer: IncomingMessage }> {
  const { hostname, port } = new URL(served.url);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ hostname, port, path, headers, agent: false }, resolve).on('error', reject);
  });
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return { status: answer.statusCode ?? 0, type: answer.headers['content-type'] ?? '', text, answer };
}

describe('a map in the browser', () => {
  test.each([
    ['/', 'text/html; charset=utf-8', '<html>'],
    ['/?map=map.json', 'text/html; charset=utf-8', '<html>'],
    ['/assets/main.js', 'text/javascript; charset=utf-8', 'main()'],
  ])('%s is served, and may load nothing from elsewhere', async (path, type, text) => {
    const { status, answer, ...rest } = await ask(path);
    expect([status, rest.type, rest.text]).toEqual([200, type, text]);
    expect(answer.headers['content-security-policy']).toMatch(/default-src 'none'; script-src 'self'/);
    expect(answer.headers['content-security-policy']).not.toContain('unsafe');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });

  test('the map is JSON, whatever is in names', async () => {
    const { type, text } = await ask('/map.json');
    expect(type).toBe('application/json');
    expect(JSON.parse(text)).toMatchObject({ edges: [{ client: { name: '<script>' } }] });
  });

  test.each(['/../secret', '/%2e%2e/secret', '/assets/../../secret', '//secret', '/assets', '/..\\secret', '/index.html%00'])(
    '%s is nothing',
    async (path) => expect((await ask(path)).status).toBe(404),
  );

  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.nip.io', '10.0.0.1:80'])(
    'under the name %s it is not shown',
    async (host) => {
      const { status, text } = await ask('/map.json', { host });
      expect([status, text]).toEqual([421, '']);
    },
  );
});
