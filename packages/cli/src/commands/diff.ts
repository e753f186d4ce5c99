import { AppError } from '@nm/core';
import type { Edge } from '@nm/core';
import type { Command, ReadOptions, Window } from '../arguments/command.ts';
import { diffEdges } from '../diff/diff-edges.ts';
import type { MapDifference } from '../diff/diff-edges.ts';
import { isEmpty, toDiffCsv, toDiffJson, toDiffMarkdown, toDiffTable, toDiffText } from '../diff/diff-text.ts';
import { exitCode } from '../exit-codes.ts';
import type { CliHost } from '../host.ts';
import { stylesFor } from '../output/styles.ts';
import { writeResult } from '../output/write.ts';
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

/** A file is read once, also when both windows are its own; a mapper is asked for each window, whose counts it knows. */
async function loadBoth(
  { read, windows }: DiffCommand,
  first: string,
  second: string | undefined,
  host: CliHost,
): Promise<[readonly Edge[], readonly Edge[]]> {
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
    return await source.loadEdges({ filter: { ...read.filter, ...window } }, host.signal);
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
      return toDiffText(difference, stylesFor(toTerminal ? host : { stdout: host.stdout, env: { NO_COLOR: '1' } }));
    case 'table': {
      const width = toTerminal && host.stdout.isTTY === true ? host.stdout.columns : undefined;
      return toDiffTable(difference, width === undefined ? {} : { width });
    }
    case 'json':
      return toDiffJson(difference);
    case 'markdown':
      return toDiffMarkdown(difference);
    case 'csv':
      return toDiffCsv(difference);
  }
}
