import { createInterface } from 'node:readline/promises';
import { Readable } from 'node:stream';
import { AppError, selectEdges, toMapEdge, toRfc3339 } from '@nm/core';
import type { Edge } from '@nm/core';
import type { Command } from '../arguments/command.ts';
import { exitCode } from '../exit-codes.ts';
import type { CliHost } from '../host.ts';
import { evidenceText, fullName, portName } from '../list/peer-text.ts';
import { serveMap } from '../open/serve-map.ts';
import { findWebFolder } from '../open/web-folder.ts';
import { printable } from '../output/printable.ts';
import { writeTo } from '../output/write.ts';
import type { EdgeChange, LoadedMap, SourceOptions } from '../source/map-source.ts';
import { openLiveSource, openSource } from '../source/open-source.ts';
import { toStatusText } from '../status/status-text.ts';

/** What a mapper says of itself; of a map file, what it holds. */
export async function runStatus({ source: options, format }: Extract<Command, { command: 'status' }>, host: CliHost): Promise<number> {
  if (options.map !== undefined) {
    const source = await openSource(options, host);
    const map = await source.loadEdges({ filter: {} }, host.signal);
    const facts = describeMap(map);
    const text = Object.entries(facts).map(
      ([what, value]) =>
        `${what}: ${
          typeof value === 'object'
            ? Object.entries(value)
                .map(([kind, count]) => `${kind} ${count}`)
                .join(', ') || 'none'
            : value
        }\n`,
    );
    await writeTo(
      host.stdout,
      format === 'json' ? `${JSON.stringify({ file: source.name, ...facts })}\n` : `${printable(source.name)}\n${text.join('')}`,
    );
    return exitCode('ok');
  }
  const source = await openLiveSource(options, host, '');
  try {
    const status = await source.status(host.signal);
    await writeTo(host.stdout, format === 'json' ? `${JSON.stringify(status)}\n` : toStatusText(source.name, status, host.now()));
    return exitCode('ok');
  } finally {
    await source.close();
  }
}

/** A line for each edge that is new or that changed, until interrupted. */
export async function runWatch({ read, format }: Extract<Command, { command: 'watch' }>, host: CliHost): Promise<number> {
  const source = await openLiveSource(read.source, host, 'watch');
  const toLine = (change: EdgeChange): string => {
    if (format === 'json') return JSON.stringify(change.type === 'reset' ? change : { type: change.type, edge: toMapEdge(change.edge) });
    if (change.type === 'reset') return 'The map was reset: everything before is void.';
    return format === 'table' ? toWatchRow(change.type, change.edge, host.now()) : toWatchLine(change.type, change.edge);
  };
  try {
    if (format === 'table') await writeTo(host.stdout, `${toRow(['TIME', '', 'CLIENT', 'SERVER', 'PORTS', 'SEEN'])}\n`);
    for await (const change of source.watch({ filter: read.filter }, host.signal)) {
      if (change.type !== 'reset' && selectEdges([change.edge], read.filter).length === 0) continue;
      await writeTo(host.stdout, `${toLine(change)}\n`);
    }
    return exitCode('ok');
  } finally {
    await source.close();
  }
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

function toWatchLine(type: string, edge: Edge): string {
  const ports = edge.ports.length === 0 ? '' : ` ${edge.ports.map(portName).join(', ')}`;
  return `${type === 'added' ? '+' : '~'} ${fullName(edge.client)} -> ${fullName(edge.server)}${ports} (${evidenceText(edge.evidence)})`;
}

/** Rows come one by one, so widths are fixed; longer texts push what follows. */
const WATCH_WIDTHS = [8, 1, 36, 36, 24, 0];

function toWatchRow(type: string, edge: Edge, now: number): string {
  const time = toRfc3339(now).slice(11, 19);
  const ports = edge.ports.map(portName).join(', ');
  return toRow([time, type === 'added' ? '+' : '~', fullName(edge.client), fullName(edge.server), ports, evidenceText(edge.evidence)]);
}

function toRow(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(WATCH_WIDTHS[index] ?? 0))
    .join('  ')
    .trimEnd();
}
