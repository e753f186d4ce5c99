import { toMapDocument } from '@nm/core';
import type { Command } from '../arguments/command.ts';
import { exitCode } from '../exit-codes.ts';
import type { CliHost } from '../host.ts';
import { toListCsv, toListTable } from '../list/list-rows.ts';
import { toListText } from '../list/list-text.ts';
import { toMapJson } from '../output/map-json.ts';
import { stylesFor } from '../output/styles.ts';
import { writeResult } from '../output/write.ts';
import { loadEdges } from './load-edges.ts';
import type { SelectedEdges } from './load-edges.ts';

export async function runList(command: Extract<Command, { command: 'list' }>, host: CliHost): Promise<number> {
  const selected = await loadEdges(command.read, host);
  await writeResult(host, command.read.output, render(command, selected, host));
  return exitCode('ok');
}

/** `table` and `csv` keep the map's order, as `json` does; `text` has the existing command line's. */
function render({ read, format }: Extract<Command, { command: 'list' }>, { edges, map }: SelectedEdges, host: CliHost): Iterable<string> {
  switch (format) {
    case 'text':
      return toListText(edges, read);
    case 'table': {
      const toTerminal = read.output === undefined && host.stdout.isTTY === true;
      const width = toTerminal ? host.stdout.columns : undefined;
      const styleHeader = read.output === undefined ? stylesFor(host).bold : undefined;
      return [toListTable(edges, { ...read, ...(width !== undefined && { width }), ...(styleHeader !== undefined && { styleHeader }) })];
    }
    case 'json':
      return toMapJson(toMapDocument(edges, map));
    case 'csv':
      return [toListCsv(edges)];
  }
}
