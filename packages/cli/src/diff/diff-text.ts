import { toMapEdge } from '@nm/core';
import type { Edge } from '@nm/core';
import { endsOf, evidenceText } from '../list/peer-text.ts';
import type { NamingOptions } from '../list/peer-text.ts';
import { toCsv } from '../output/csv.ts';
import { escapeUnsafe } from '../output/escape-unsafe.ts';
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

/** How edges are named, and what is told of those that came and went. */
export interface DiffTextOptions extends NamingOptions {
  readonly showEvidence: boolean;
}

export function toDiffText(difference: MapDifference, options: DiffTextOptions, styles: Styles): string {
  const style = { added: styles.green, removed: styles.red, changed: styles.yellow };
  const sign = { added: '+', removed: '-', changed: '~' };
  const lines = toLines(difference, options).map(({ change, client, server, details }) =>
    style[change](`${sign[change]} ${client} -> ${server}${details === '' ? '' : `: ${details}`}`),
  );
  return [...lines, summary(difference)].map((line) => `${line}\n`).join('');
}

export function toDiffTable(difference: MapDifference, options: DiffTextOptions & TableOptions): string {
  const rows = toLines(difference, options).map(({ change, client, server, details }) => [change.toUpperCase(), client, server, details]);
  return toTable(['CHANGE', 'CLIENT', 'SERVER', 'DETAILS'], rows, options);
}

export function toDiffCsv(difference: MapDifference, options: DiffTextOptions): string {
  return toCsv(
    ['change', 'client', 'server', 'details'],
    toLines(difference, options).map(({ change, client, server, details }) => [change, client, server, details]),
  );
}

/** For a comment on a change request. */
export function toDiffMarkdown(difference: MapDifference, options: DiffTextOptions): string {
  const lines = toLines(difference, options);
  if (lines.length === 0) return 'No calls were added, removed or changed.\n';
  const rows = lines.map(({ change, client, server, details }) => `| ${change} | ${cell(client)} | ${cell(server)} | ${cell(details)} |`);
  return [`**Calls: ${summary(difference)}**`, '', '| change | client | server | details |', '|---|---|---|---|', ...rows]
    .map((line) => `${line}\n`)
    .join('');
}

export function toDiffJson({ added, removed, changed }: MapDifference): string {
  return `${escapeUnsafe(
    JSON.stringify(
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
    ),
  )}\n`;
}

export function isEmpty({ added, removed, changed }: MapDifference): boolean {
  return added.length + removed.length + changed.length === 0;
}

function toLines({ added, removed, changed }: MapDifference, options: DiffTextOptions): Line[] {
  const whole = (change: 'added' | 'removed', edge: Edge): Line => {
    const evidence = options.showEvidence ? evidenceText(edge.evidence) : '';
    return { change, ...endsOf(edge, options), details: [portsText(edge.ports), evidence].filter((text) => text !== '').join('; ') };
  };
  return [
    ...added.map((edge) => whole('added', edge)),
    ...removed.map((edge) => whole('removed', edge)),
    ...changed.map(({ after, added: came, removed: went }): Line => ({
      change: 'changed',
      ...endsOf(after, options),
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
