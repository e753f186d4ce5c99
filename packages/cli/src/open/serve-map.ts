import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { toMapDocument } from '@nm/core';
import { PAGE_HEADERS, pageType } from '@nm/runtime';
import { toMapJson } from '../output/map-json.ts';
import type { LoadedMap } from '../source/map-source.ts';

const HEADERS: Readonly<Record<string, string>> = { ...PAGE_HEADERS, 'cache-control': 'no-store' };
const MAP_PATH = '/map.json';

/** Serves the web UI with one map to this machine only. */
export async function serveMap(webFolder: string, map: LoadedMap): Promise<{ readonly url: string; close(): Promise<void> }> {
  // Paths are looked up in what is there, never made from what is asked for.
  const files = new Map<string, string>(
    readdirSync(webFolder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [`/${file.slice(webFolder.length).split(sep).join('/').replace(/^\/+/, '')}`, file] as const),
  );
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    // A foreign page that points its own name here must not read the map.
    const isOurs = /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '');
    const file = files.get(path === '/' ? '/index.html' : path);
    if (!isOurs || request.method !== 'GET' || (file === undefined && path !== MAP_PATH)) {
      response.writeHead(isOurs ? 404 : 421, HEADERS).end();
      return;
    }
    if (path === MAP_PATH) {
      response.writeHead(200, { ...HEADERS, 'content-type': 'application/json' });
      await pipeline(Readable.from(toMapJson(toMapDocument(map.edges, map))), response);
      return;
    }
    const body = await readFile(file ?? '');
    response.writeHead(200, { ...HEADERS, 'content-type': pageType(path === '/' ? 'index.html' : path) }).end(body);
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/?map=map.json`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
