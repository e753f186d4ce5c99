import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { toMapDocument } from '@nm/core';
import type { Edge, Evidence, Peer } from '@nm/core';
import type { CliHost, OutputStream } from '../host.ts';
import { buildMap } from '../map/build-map.ts';

export const NOW = Date.UTC(2026, 0, 31, 12);

export interface TestHost extends CliHost {
  /** What was written so far. */
  out(): string;
  err(): string;
  bytes(): Uint8Array;
}

export interface TestHostOptions extends Partial<Pick<CliHost, 'env' | 'openLive' | 'buildMap' | 'otherCommands' | 'signal'>> {
  /** Files of a new folder, which is the current one. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly stdin?: string;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** A host with its own folder and streams, at a fixed time. */
export function createTestHost(options: TestHostOptions = {}): TestHost {
  const cwd = mkdtempSync(join(tmpdir(), 'nm-cli-'));
  for (const [name, text] of Object.entries(options.files ?? {})) writeFileSync(join(cwd, name), text);
  const stdout = collect(options);
  const stderr = collect(options);
  return {
    stdout: stdout.stream,
    stderr: stderr.stream,
    stdin: readAll(options.stdin ?? ''),
    env: options.env ?? {},
    cwd,
    now: () => NOW,
    signal: options.signal ?? new AbortController().signal,
    buildMap: options.buildMap ?? buildMap,
    ...(options.openLive !== undefined && { openLive: options.openLive }),
    ...(options.otherCommands !== undefined && { otherCommands: options.otherCommands }),
    out: () => Buffer.concat(stdout.chunks).toString(),
    err: () => Buffer.concat(stderr.chunks).toString(),
    bytes: () => Buffer.concat(stdout.chunks),
  };
}

function collect(options: TestHostOptions): { readonly stream: OutputStream; readonly chunks: Buffer[] } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return {
    stream: Object.assign(stream, { isTTY: options.isTTY === true, ...(options.columns !== undefined && { columns: options.columns }) }),
    chunks,
  };
}

async function* readAll(text: string): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield Buffer.from(text);
}

export const seen: Evidence = { count: 2, firstSeenAt: NOW - 7_200_000, lastSeenAt: NOW - 3_600_000 };

export function workload(name: string, namespace = 'shop', kind = 'Deployment', labels?: Readonly<Record<string, string>>): Peer {
  return { type: 'workload', cluster: 'default', namespace, name, kind, ...(labels !== undefined && { labels }) };
}

export function edge(client: Peer, server: Peer, rest: Partial<Edge> = {}): Edge {
  return { client, server, class: 'app', shared: false, evidence: { tcp: seen }, ports: [], ...rest };
}

/** Text of a map file. */
export function mapText(edges: readonly Edge[]): string {
  return JSON.stringify(toMapDocument(edges, { generatedAt: NOW }));
}

/** Names that try to break out of whatever they are written into. */
export const HOSTILE_NAMES: readonly string[] = [
  'quote"here',
  "apostrophe'here",
  'back\\slash\\N\\G',
  '<b>html</b>&amp;',
  ']]></text><script>alert(1)</script>',
  'line\nbreak\r\nmore',
  '\u001b[31mred\u001b]0;title\u0007',
  '\u0000null\u0008',
  '\u202egnp.exe',
  '\u2028separator\u2029',
  'lone\ud800surrogate',
  '=HYPERLINK("http://x")',
  '@SUM(1)',
  '-1+2',
  '}; end; subgraph x',
  'a --> b; click a "javascript:x"',
  '`md` *bold* [x](y) | cell',
  '%s %d %20',
  '# comment: yes',
  '--- ',
  'on',
  '0123',
  '漢字カナ',
];
