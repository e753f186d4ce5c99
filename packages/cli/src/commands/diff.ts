import { AppError, selectEdges } from '@nm/core';
import type { Edge } from '@nm/core';
import type { Command, ReadOptions, Window } from '../arguments/command.ts';
import { differingEdges } from '../diff/differing-edges.ts';
import { diffEdges } from '../diff/diff-edges.ts';
import type { MapDifference } from '../diff/diff-edges.ts';
import { isEmpty, toDiffCsv, toDiffJson, toDiffMarkdown, toDiffTable, toDiffText } from '../diff/diff-text.ts';
import { exitCode } from '../exit-codes.ts';
import type { CliHost } from '../host.ts';
import { stylesFor } from '../output/styles.ts';
import { printable } from '../output/printable.ts';
import { writeResult, writeTo } from '../output/write.ts';
import { mapFileName, parseMap, readMapBytes } from '../source/file-source.ts';
import type { LoadedMap, SourceOptions } from '../source/map-source.ts';
import { openSource } from '../source/open-source.ts';
import { chooseEdges } from './load-edges.ts';

type DiffCommand = Extract<Command, { command: 'diff' }>;

export async function runDiff(command: DiffCommand, host: CliHost): Promise<number> {
  const [first, second] = command.operands;
  if (first === undefined) throw new AppError('USAGE', 'diff: give two maps');
  if (first === '-' && second === '-') throw new AppError('USAGE', 'diff: standard input can be only one of the two maps');
  const [before, after] = await loadBoth(command, first, second, host);
  const difference = diffEdges(before, after, command);
  await writeResult(host, command.read.output, [render(command, difference, host)]);
  return exitCode(isEmpty(difference) ? 'ok' : 'differs');
}

/** Whether the filter says yes or no to an edge by what the comparison of texts looks at: not by times, labels or other edges. */
function isOfTextOnly({ read: { filter }, windows }: DiffCommand): boolean {
  const times = [filter, ...windows].flatMap(({ since, until }) => [since, until]);
  return times.every((time) => time === undefined) && filter.server === undefined && filter.excludeLabels === undefined;
}

/** Two different files: most edges of both are alike, and need not be made values of. */
async function loadFiles(command: DiffCommand, first: string, second: string, host: CliHost): Promise<[readonly Edge[], readonly Edge[]]> {
  const before = await readMapBytes(first, host, host.signal);
  const after = await readMapBytes(second, host, host.signal);
  const differing = differingEdges(before, after, command) ?? {
    before: parseMap(mapFileName(first), before).edges,
    after: parseMap(mapFileName(second), after).edges,
  };
  return [selectEdges(differing.before, command.read.filter), selectEdges(differing.after, command.read.filter)];
}

/** A file is read once, also when both windows are its own; a mapper is asked for each window, whose counts it knows. */
async function loadBoth(
  command: DiffCommand,
  first: string,
  second: string | undefined,
  host: CliHost,
): Promise<[readonly Edge[], readonly Edge[]]> {
  const { read, windows } = command;
  if (second !== undefined && second !== first && ![first, second].includes('cluster') && isOfTextOnly(command))
    return await loadFiles(command, first, second, host);
  const before = await load(read, first, windows[0], host);
  const isSameFile = first !== 'cluster' && (second === undefined || second === first);
  const after = isSameFile ? before : await load(read, second ?? first, windows[1], host);
  return [select(before, read, windows[0]), select(after, read, windows[1])];
}

async function load(read: ReadOptions, operand: string, window: Window, host: CliHost): Promise<LoadedMap> {
  const { map: _, ...rest } = read.source;
  const options: SourceOptions = operand === 'cluster' ? rest : { ...rest, map: operand };
  const source = await openSource(options, host);
  try {
    const { distinctByLabel } = read;
    const labelKeys = distinctByLabel === undefined ? {} : { labelKeys: [distinctByLabel] };
    const map = await source.loadEdges({ filter: { ...read.filter, ...window }, ...labelKeys }, host.signal);
    for (const note of map.notes ?? []) await writeTo(host.stderr, `${printable(note)}\n`);
    return map;
  } finally {
    await source.close();
  }
}

function select(map: LoadedMap, read: ReadOptions, window: Window): Edge[] {
  return chooseEdges(map, { ...read.filter, ...window });
}

function render({ format, read }: DiffCommand, difference: MapDifference, host: CliHost): string {
  const toTerminal = read.output === undefined;
  switch (format) {
    case 'text':
      return toDiffText(difference, read, stylesFor(toTerminal ? host : { stdout: host.stdout, env: { NO_COLOR: '1' } }));
    case 'table': {
      const width = toTerminal && host.stdout.isTTY === true ? host.stdout.columns : undefined;
      return toDiffTable(difference, { ...read, ...(width !== undefined && { width }) });
    }
    case 'json':
      return toDiffJson(difference);
    case 'markdown':
      return toDiffMarkdown(difference, read);
    case 'csv':
      return toDiffCsv(difference, read);
  }
}
