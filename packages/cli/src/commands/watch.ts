import { selectEdges, toMapEdge, toRfc3339 } from '@nm/core';
import type { Command, ReadOptions } from '../arguments/command.ts';
import { exitCode } from '../exit-codes.ts';
import type { CliHost } from '../host.ts';
import { CSV_HEADER, toCsvRow } from '../list/list-rows.ts';
import { endsOf, evidenceText, portName } from '../list/peer-text.ts';
import { toCsv, toCsvLine } from '../output/csv.ts';
import { escapeUnsafe } from '../output/escape-unsafe.ts';
import { fitWidths, toLine } from '../output/table.ts';
import { writeTo } from '../output/write.ts';
import type { EdgeChange } from '../source/map-source.ts';
import { openLiveSource } from '../source/open-source.ts';

type WatchCommand = Extract<Command, { command: 'watch' }>;

/** How one change is written, and what stands above the first. */
interface ChangeWriter {
  readonly header: string;
  toText(change: EdgeChange): string;
}

const RESET_TEXT = 'The map was reset: everything before is void.';

/** A line for each edge that is new or that changed, until interrupted. */
export async function runWatch({ read, format }: WatchCommand, host: CliHost): Promise<number> {
  const source = await openLiveSource(read.source, host, 'watch');
  const writer = createWriter(format, read, host);
  try {
    await writeTo(host.stdout, writer.header);
    for await (const change of source.watch({ filter: read.filter }, host.signal)) {
      if (change.type !== 'reset' && selectEdges([change.edge], read.filter).length === 0) continue;
      await writeTo(host.stdout, writer.toText(change));
    }
    return exitCode('ok');
  } finally {
    await source.close();
  }
}

function createWriter(format: WatchCommand['format'], read: ReadOptions, host: CliHost): ChangeWriter {
  switch (format) {
    case 'text':
      return { header: '', toText: (change) => `${toChangeLine(change, read)}\n` };
    case 'json':
      return {
        header: '',
        toText: (change) =>
          `${escapeUnsafe(JSON.stringify(change.type === 'reset' ? change : { type: change.type, edge: toMapEdge(change.edge) }))}\n`,
      };
    case 'csv':
      return {
        header: toCsv(['time', 'change', ...CSV_HEADER], []),
        toText: (change) => toCsvLine([toRfc3339(host.now()), change.type, ...(change.type === 'reset' ? [] : toCsvRow(change.edge))]),
      };
    case 'table':
      return createTableWriter(read, host);
  }
}

function toChangeLine(change: EdgeChange, read: ReadOptions): string {
  if (change.type === 'reset') return RESET_TEXT;
  const { client, server } = endsOf(change.edge, read);
  const ports = change.edge.ports.map(portName).join(', ');
  return `${change.type === 'added' ? '+' : '~'} ${client} -> ${server}${ports === '' ? '' : ` ${ports}`} (${evidenceText(change.edge.evidence)})`;
}

const COLUMNS = ['TIME', '', 'CLIENT', 'SERVER', 'PORTS', 'SEEN'];
/** Rows come one by one, so widths cannot follow them; where nothing is cut, longer texts push what follows. */
const WIDTHS = [8, 1, 36, 36, 24, 24];

function createTableWriter(read: ReadOptions, host: CliHost): ChangeWriter {
  const width = host.stdout.isTTY === true ? host.stdout.columns : undefined;
  const widths = width === undefined ? WIDTHS : fitWidths(WIDTHS, width);
  const toRow = (cells: readonly string[]): string => `${toLine(cells, widths, width !== undefined)}\n`;
  return {
    header: toRow(COLUMNS),
    toText: (change) => {
      if (change.type === 'reset') return `${RESET_TEXT}\n`;
      const { client, server } = endsOf(change.edge, read);
      const time = toRfc3339(host.now()).slice(11, 19);
      const ports = change.edge.ports.map(portName).join(', ');
      return toRow([time, change.type === 'added' ? '+' : '~', client, server, ports, evidenceText(change.edge.evidence)]);
    },
  };
}
