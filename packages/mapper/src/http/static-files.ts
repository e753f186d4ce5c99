import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

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

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  wasm: 'application/wasm',
  txt: 'text/plain; charset=utf-8',
  webmanifest: 'application/manifest+json',
};

/** Workers are our own files; styles may be set on elements, because the graph's canvas sizes itself. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

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
    ...SECURITY_HEADERS,
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
    const extension = entry.name.slice(entry.name.lastIndexOf('.') + 1);
    const type = TYPES[extension] ?? 'application/octet-stream';
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
