import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AppError, toClientIntents, toMapDocument } from '@nm/core';
import type { ExportedIntents } from '@nm/core';
import type { Command } from '../arguments/command.ts';
import { exitCode } from '../exit-codes.ts';
import { toIntentsJson, toIntentsObject } from '../export/intents-json.ts';
import type { CliHost } from '../host.ts';
import { toListCsv } from '../list/list-rows.ts';
import { escapeUnsafe } from '../output/escape-unsafe.ts';
import { toMapJson } from '../output/map-json.ts';
import { printable } from '../output/printable.ts';
import { writeOutputFile, writeResult, writeTo } from '../output/write.ts';
import { reasonOf } from '../source/file-source.ts';
import { loadEdges } from './load-edges.ts';

type ExportCommand = Extract<Command, { command: 'export' }>;

export async function runExport(command: ExportCommand, host: CliHost): Promise<number> {
  const { read } = command;
  const { edges, map } = await loadEdges(read, host);
  if (command.format === 'map') {
    await writeResult(host, read.output, toMapJson(toMapDocument(edges, map)));
    return exitCode('ok');
  }
  if (command.format === 'csv') {
    await writeResult(host, read.output, [toListCsv(edges)]);
    return exitCode('ok');
  }
  const { documents, leftOut, leftOutFor } = toClientIntents(edges, {
    version: command.version,
    asKubernetesService: read.asKubernetesService,
    includeDenied: command.includeDenied,
    includeSystem: read.filter.includeSystem === true,
    ...(read.distinctByLabel !== undefined && { distinctByLabel: read.distinctByLabel }),
  });
  if (leftOut > 0) {
    await writeTo(
      host.stderr,
      `${leftOut} of ${edges.length} calls have no place in ClientIntents and are left out: ${leftOutFor.map(({ reason, count }) => `${count} ${reason}`).join(', ')}.\n`,
    );
  }
  if (command.format === 'json') await noteOnStderr(documents, host);
  if (command.outputType === 'dir' && read.output !== undefined) await writeFolder(command, read.output, documents, host);
  else await writeOne(command, documents, host);
  return exitCode('ok');
}

/** JSON has no comments: what a document could not say goes to stderr. */
async function noteOnStderr(documents: readonly ExportedIntents[], host: CliHost): Promise<void> {
  for (const { document, notes } of documents) {
    for (const note of notes) await writeTo(host.stderr, `${document.metadata.name}.${document.metadata.namespace}: ${printable(note)}\n`);
  }
}

async function writeOne(command: ExportCommand, documents: readonly ExportedIntents[], host: CliHost): Promise<void> {
  const text = command.format === 'json' ? toIntentsJson(documents) : (await import('../export/intents-yaml.ts')).toIntentsYaml(documents);
  const { output } = command.read;
  if (output === undefined || output === '-') {
    await writeTo(host.stdout, `${text}\n`);
    return;
  }
  await writeResult(host, output, [text]);
  await writeTo(host.stderr, `Successfully wrote intents into ${output}\n`);
}

/** One file for each client, `<workload>.<namespace>.yaml`, whatever the format, as in the existing command line. */
async function writeFolder(command: ExportCommand, output: string, documents: readonly ExportedIntents[], host: CliHost): Promise<void> {
  const folder = resolve(host.cwd, output);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new AppError('OUTPUT_UNWRITABLE', `${output}: the folder cannot be made: ${reasonOf(error)}`, { cause: error });
  }
  const { toIntentsYaml } = await import('../export/intents-yaml.ts');
  const used = new Set<string>();
  for (const one of documents) {
    const name = fileName(one, used);
    const text = command.format === 'json' ? escapeUnsafe(JSON.stringify(toIntentsObject(one), null, 2)) : toIntentsYaml([one]);
    await writeOutputFile(join(folder, name), join(output, name), [text]);
  }
  await writeTo(host.stderr, `Successfully wrote intents into ${output}\n`);
}

/** Names come from the cluster: nothing in them may leave the folder or hide a file. */
function fileName({ document }: ExportedIntents, used: Set<string>): string {
  const workload = 'service' in document.spec ? document.spec.service : document.spec.workload;
  const safe = (text: string): string =>
    text
      .replace(/[^A-Za-z0-9._-]/g, '_')
      .replace(/^\./, '_')
      .slice(0, 120);
  const plain = `${safe(workload.name)}.${safe(document.metadata.namespace)}`;
  let name = plain;
  for (let number = 2; used.has(name.toLowerCase()); number += 1)
    name = `${safe(document.metadata.name)}-${number}.${safe(document.metadata.namespace)}`;
  used.add(name.toLowerCase());
  return `${name}.yaml`;
}
