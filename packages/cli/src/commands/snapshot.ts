import { toMapDocument } from '@nm/core';
import type { Command } from '../arguments/command.ts';
import { exitCode } from '../exit-codes.ts';
import type { CliHost } from '../host.ts';
import { toMapJson } from '../output/map-json.ts';
import { writeResult, writeTo } from '../output/write.ts';
import { loadEdges } from './load-edges.ts';

/** Everything that the map holds, system traffic and unknown ends included: what is hidden is decided when it is read. */
export async function runSnapshot({ read }: Extract<Command, { command: 'snapshot' }>, host: CliHost): Promise<number> {
  const everything = { ...read, filter: { ...read.filter, includeSystem: true, includeUnknown: true } };
  const { edges, map } = await loadEdges(everything, host);
  await writeResult(host, read.output, toMapJson(toMapDocument(edges, map)));
  if (read.output !== undefined && read.output !== '-') await writeTo(host.stderr, `Wrote ${edges.length} edges into ${read.output}\n`);
  return exitCode('ok');
}
