import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { PAGE_HEADERS, pageType } from '@nm/runtime';

const gzipAsync = promisify<Buffer, Buffer>(gzip);

interface StaticFile {
  readonly type: string;
  readonly body: Buffer;
  readonly compressed: Buffer | undefined;
  readonly etag: string;
  readonly isHashed: boolean;
}

/** Serves the web UI from memory: only what was in the folder at start can ever be asked for. */
export interface StaticFiles {
  readonly size: number;
  /** False when the path is none of ours. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
}

const MAX_FILES = 2_000;
const MAX_TOTAL_BYTES = 64 * 1024 * 1024;
const MIN_COMPRESSED_BYTES = 1_024;
/** Bundlers put a hash of the content into the name: such a file never changes. */
const HASHED = /[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$/;

/** Reads the folder; an absent folder gives no files. Plain paths that are no file get index.html: the UI routes them. */
export async function loadStaticFiles(folder: string | undefined): Promise<StaticFiles> {
  const files = folder === undefined ? new Map<string, StaticFile>() : await readFolder(folder);
  return {
    size: files.size,
    handle(request, response) {
      if (files.size === 0 || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
      const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
      const file = files.get(path === '/' ? '/index.html' : path) ?? (/[.%]/.test(path) ? undefined : files.get('/index.html'));
      if (file === undefined) return false;
      send(request, response, file);
      return true;
    },
  };
}

function send(request: IncomingMessage, response: ServerResponse, file: StaticFile): void {
  const compressed = (request.headers['accept-encoding'] ?? '').includes('gzip') ? file.compressed : undefined;
  const headers: Record<string, string | number> = {
    ...PAGE_HEADERS,
    'content-type': file.type,
    etag: file.etag,
    vary: 'accept-encoding',
    'cache-control': file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
  if (request.headers['if-none-match'] === file.etag) {
    response.writeHead(304, headers).end();
    return;
  }
  const body = compressed ?? file.body;
  if (compressed !== undefined) headers['content-encoding'] = 'gzip';
  headers['content-length'] = body.length;
  response.writeHead(200, headers);
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function readFolder(folder: string): Promise<Map<string, StaticFile>> {
  const files = new Map<string, StaticFile>();
  let total = 0;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const body = await readFile(path);
    total += body.length;
    if (files.size >= MAX_FILES || total > MAX_TOTAL_BYTES)
      throw new Error(`${folder} is no folder of a web UI: too many or too large files`);
    const type = pageType(entry.name);
    const isText = /text|json|svg|wasm/.test(type) && body.length >= MIN_COMPRESSED_BYTES;
    files.set(`/${path.slice(folder.length).replaceAll('\\', '/').replace(/^\/+/, '')}`, {
      type,
      body,
      compressed: isText ? await gzipAsync(body) : undefined,
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      isHashed: HASHED.test(entry.name),
    });
  }
  return files;
}
