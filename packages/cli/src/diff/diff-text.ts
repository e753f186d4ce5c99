import { toMapEdge } from '@nm/core';
import { fullName } from '../list/peer-text.ts';
import { toCsv } from '../output/csv.ts';
import { printable } from '../output/printable.ts';
import type { Styles } from '../output/styles.ts';
import { toTable } from '../output/table.ts';
import type { TableOptions } from '../output/table.ts';
import type { MapDifference } from './diff-edges.ts';

interface Line {
  readonly change: 'added' | 'removed' | 'changed';
  readonly client: string;
  readonly server: string;
  readonly details: string;
}

export function toDiffText(difference: MapDifference, styles: Styles): string {
  const style = { added: styles.green, removed: styles.red, changed: styles.yellow };
  const sign = { added: '+', removed: '-', changed: '~' };
  const lines = toLines(difference).map(({ change, client, server, details }) =>
    style[change](`${sign[change]} ${client} -> ${server}${details === '' ? '' : `: ${details}`}`),
  );
  return [...lines, summary(difference)].map((line) => `${line}\n`).join('');
}

export function toDiffTable(difference: MapDifference, options: TableOptions): string {
  const rows = toLines(difference).map(({ change, client, server, details }) => [change.toUpperCase(), client, server, details]);
  return toTable(['CHANGE', 'CLIENT', 'SERVER', 'DETAILS'], rows, options);
}

export function toDiffCsv(difference: MapDifference): string {
  return toCsv(
    ['change', 'client', 'server', 'details'],
    toLines(difference).map(({ change, client, server, details }) => [change, client, server, details]),
  );
}

/** For a comment on a change request. */
export function toDiffMarkdown(difference: MapDifference): string {
  const lines = toLines(difference);
  if (lines.length === 0) return 'No calls were added, removed or changed.\n';
  const rows = lines.map(({ change, client, server, details }) => `| ${change} | ${cell(client)} | ${cell(server)} | ${cell(details)} |`);
  return [`**Calls: ${summary(difference)}**`, '', '| change | client | server | details |', '|---|---|---|---|', ...rows]
    .map((line) => `${line}\n`)
    .join('');
}

export function toDiffJson({ added, removed, changed }: MapDifference): string {
  return `${JSON.stringify(
    {
      added: added.map(toMapEdge),
      removed: removed.map(toMapEdge),
      changed: changed.map((one) => ({
        before: toMapEdge(one.before),
        after: toMapEdge(one.after),
        added: one.added,
        removed: one.removed,
      })),
    },
    null,
    2,
  )}\n`;
}

export function isEmpty({ added, removed, changed }: MapDifference): boolean {
  return added.length + removed.length + changed.length === 0;
}

function toLines({ added, removed, changed }: MapDifference): Line[] {
  return [
    ...added.map((edge): Line => ({
      change: 'added',
      client: fullName(edge.client),
      server: fullName(edge.server),
      details: portsText(edge.ports),
    })),
    ...removed.map((edge): Line => ({
      change: 'removed',
      client: fullName(edge.client),
      server: fullName(edge.server),
      details: portsText(edge.ports),
    })),
    ...changed.map(({ after, added: came, removed: went }): Line => ({
      change: 'changed',
      client: fullName(after.client),
      server: fullName(after.server),
      details: printable([...came.map((fact) => `+ ${fact}`), ...went.map((fact) => `- ${fact}`)].join(', ')),
    })),
  ];
}

function portsText(ports: readonly { readonly port?: number; readonly protocol: string }[]): string {
  const known = new Set(ports.flatMap(({ port, protocol }) => (port === undefined ? [] : [`${port}/${protocol}`])));
  return known.size === 0 ? '' : `port ${[...known].join(', ')}`;
}

function summary({ added, removed, changed }: MapDifference): string {
  return `${added.length} added, ${removed.length} removed, ${changed.length} changed`;
}

/** Names may hold anything: nothing of them may be Markdown or HTML. */
function cell(text: string): string {
  return text.replace(/[\\`*_{}[\]()#!|<>&~@:$]/g, (character) => `&#${character.codePointAt(0) ?? 0};`);
}
