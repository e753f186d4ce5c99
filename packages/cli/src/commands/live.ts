import { createInterface } from 'node:readline/promises';
import { Readable } from 'node:stream';
import { AppError, toRfc3339 } from '@nm/core';
import type { Command } from '../arguments/command.ts';
import { exitCode } from '../exit-codes.ts';
import type { CliHost } from '../host.ts';
import { serveMap } from '../open/serve-map.ts';
import { findWebFolder } from '../open/web-folder.ts';
import { escapeUnsafe } from '../output/escape-unsafe.ts';
import { printable } from '../output/printable.ts';
import { writeTo } from '../output/write.ts';
import type { LoadedMap, SourceOptions } from '../source/map-source.ts';
import { openLiveSource, openSource } from '../source/open-source.ts';
import { toStatusCsv } from '../status/status-csv.ts';
import { toStatusText } from '../status/status-text.ts';

/** What a mapper says of itself; of a map file, what it holds. */
export async function runStatus({ source: options, format }: Extract<Command, { command: 'status' }>, host: CliHost): Promise<number> {
  if (options.map !== undefined) {
    const source = await openSource(options, host);
    const facts = { file: source.name, ...describeMap(await source.loadEdges({ filter: {} }, host.signal)) };
    await writeTo(
      host.stdout,
      format === 'json' ? `${JSON.stringify(facts)}\n` : format === 'csv' ? toStatusCsv(facts) : toFactsText(facts),
    );
    return exitCode('ok');
  }
  const source = await openLiveSource(options, host, '');
  try {
    const status = await source.status(host.signal);
    const text = {
      json: () => `${escapeUnsafe(JSON.stringify(status))}\n`,
      csv: () => toStatusCsv(status),
      text: () => toStatusText(source.name, status, host.now()),
    };
    await writeTo(host.stdout, text[format]());
    return exitCode('ok');
  } finally {
    await source.close();
  }
}

function toFactsText({ file, ...facts }: { readonly file: string } & ReturnType<typeof describeMap>): string {
  const lines = Object.entries(facts).map(([what, value]) => {
    if (typeof value !== 'object') return `${what}: ${value}`;
    const counts = Object.entries(value).map(([kind, count]) => `${kind} ${count}`);
    return `${what}: ${counts.join(', ') || 'none'}`;
  });
  return [printable(file), ...lines].map((line) => `${line}\n`).join('');
}

/** Asks on a terminal; elsewhere nothing is forgotten without --yes. */
export async function runReset({ source: options, yes }: Extract<Command, { command: 'reset' }>, host: CliHost): Promise<number> {
  const source = await openLiveSource(options, host, 'reset');
  try {
    if (!yes && !(await confirm(`Make ${source.name} forget everything that it saw?`, host))) {
      await writeTo(host.stderr, 'Nothing was forgotten.\n');
      return exitCode('ok');
    }
    await source.reset(host.signal);
    await writeTo(host.stderr, `${printable(source.name)} starts afresh.\n`);
    return exitCode('ok');
  } finally {
    await source.close();
  }
}

/** Prints the web UI's address and keeps the way to it open until interrupted. */
export async function runOpen({ source: options, browser }: Extract<Command, { command: 'open' }>, host: CliHost): Promise<number> {
  if (options.map !== undefined) return await openFile(options, browser, host);
  const source = await openLiveSource(options, host, 'open');
  try {
    // A port-forward opens its connections late: better an error here than an empty page.
    await source.status(host.signal);
    await show(await source.openWeb(), browser, host);
    return exitCode('ok');
  } finally {
    await source.close();
  }
}

/** The web UI without a mapper. */
async function openFile(options: SourceOptions, browser: boolean, host: CliHost): Promise<number> {
  const folder = findWebFolder();
  if (folder === undefined)
    throw new AppError('NOT_BUILT', 'open --map: the web UI is not in this build: run "npm run build", or use npx network-mapper');
  const map = await (await openSource(options, host)).loadEdges({ filter: {} }, host.signal);
  const served = await serveMap(folder, map);
  try {
    await show(served.url, browser, host);
    return exitCode('ok');
  } finally {
    await served.close();
  }
}

async function show(url: string, browser: boolean, host: CliHost): Promise<void> {
  await writeTo(host.stdout, `${url}\n`);
  if (browser) await openBrowser(url);
  if (!host.signal.aborted) await new Promise((done) => host.signal.addEventListener('abort', done, { once: true }));
}

async function confirm(question: string, host: CliHost): Promise<boolean> {
  if (host.stdout.isTTY !== true) throw new AppError('USAGE', 'reset: nobody can be asked here: confirm with --yes');
  const lines = createInterface({ input: Readable.from(host.stdin), output: host.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `, { signal: host.signal })).trim());
  } finally {
    lines.close();
  }
}

/** Without a browser the address that was printed is enough. */
async function openBrowser(url: string): Promise<void> {
  const { spawn } = await import('node:child_process');
  const [program, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', url]
        : ['xdg-open', url];
  const child = spawn(program ?? '', args, { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}

function describeMap({ edges, generatedAt, window }: LoadedMap): Record<string, string | number | Record<string, number>> {
  const count = (keys: readonly string[]): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
    return counts;
  };
  return {
    generated: toRfc3339(generatedAt),
    ...(window.since !== undefined && { since: toRfc3339(window.since) }),
    ...(window.until !== undefined && { until: toRfc3339(window.until) }),
    edges: edges.length,
    classes: count(edges.map((edge) => edge.class)),
    clients: count(edges.map(({ client }) => client.type)),
    servers: count(edges.map(({ server }) => server.type)),
    evidence: count(edges.flatMap(({ evidence }) => Object.keys(evidence))),
  };
}
