import type { Command } from '../arguments/command.ts';
import { exitCode } from '../exit-codes.ts';
import type { CliHost } from '../host.ts';
import { writeTo } from '../output/write.ts';

export interface BuildInfo {
  readonly version: string;
  readonly commit?: string;
  /** RFC 3339; the commit's own time, so that equal sources give equal builds. */
  readonly date?: string;
}

/** Put in by tools/build.ts. */
declare const NM_BUILD: BuildInfo | undefined;

export const buildInfo: BuildInfo = typeof NM_BUILD === 'undefined' ? { version: '0.1.0-source' } : NM_BUILD;

export async function runVersion({ format }: Extract<Command, { command: 'version' }>, host: CliHost): Promise<number> {
  const { version, commit, date } = buildInfo;
  const details = [
    commit === undefined ? '' : `commit ${commit}`,
    date === undefined ? '' : `built ${date}`,
    `Node ${process.versions.node}`,
  ].filter((part) => part !== '');
  await writeTo(
    host.stdout,
    format === 'json'
      ? `${JSON.stringify({ ...buildInfo, node: process.versions.node })}\n`
      : `network-mapper ${version} (${details.join(', ')})\n`,
  );
  return exitCode('ok');
}
