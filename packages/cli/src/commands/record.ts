import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { AppError, isAppError } from '@nm/core';
import type { Command } from '../arguments/command.ts';
import { exitCode } from '../exit-codes.ts';
import type { CliHost } from '../host.ts';
import { loadCluster } from '../live/cluster-way.ts';
import { printable } from '../output/printable.ts';
import { writeTo } from '../output/write.ts';
import { copyProc } from '../record/copy-proc.ts';
import { makeFolder } from '../record/private-files.ts';
import { recordCluster } from '../record/record-cluster.ts';

type RecordCommand = Extract<Command, { command: 'record' }>;

/** Writes a folder from which `map` makes a map: api/ and, of this machine if it is a node, pcap/ and proc/. */
export async function runRecord(command: RecordCommand, host: CliHost): Promise<number> {
  const folder = resolve(host.cwd, command.output);
  const say = async (text: string): Promise<void> => writeTo(host.stderr, `${printable(text)}\n`);
  const enough = AbortSignal.any([host.signal, AbortSignal.timeout(command.durationMs)]);
  const capturing = command.thisNode ? await startCapture(folder, command.durationMs, host) : undefined;
  // Its failure is told at the end: until then nothing else waits for it.
  capturing?.ended.catch(() => undefined);
  try {
    const client = await loadCluster(command.source, host.env);
    const hooks = {
      now: () => host.now(),
      onListed: (kinds: number) =>
        say(`${kinds} kinds of objects written; following changes for ${command.durationMs / 1000} s (Ctrl-C ends it)`),
    };
    const { events, trouble } = await recordCluster(client, join(folder, 'api'), hooks, host.signal, enough).finally(() => client.close());
    for (const line of trouble) await say(line);
    await say(`${events} changes written`);
  } catch (error) {
    // What was asked for ends early by Ctrl-C: the folder is good all the same.
    if (!host.signal.aborted) {
      if (!isAppError(error)) throw error;
      throw new AppError('MAPPER_UNREACHABLE', error.message, { cause: error });
    }
  }
  if (capturing !== undefined) {
    const code = await capturing.ended;
    if (code !== 0) return code;
  }
  const node = command.thisNode
    ? ` --pcap ${join(command.output, 'pcap', captureName())} --proc ${join(command.output, 'proc')}`
    : ' --pcap CAPTURE';
  await say(`make a map of it: network-mapper map --kube ${join(command.output, 'api')}${node} -o map.json`);
  return exitCode('ok');
}

/** In an object, because a promise of a promise would wait for the capture's end. */
async function startCapture(folder: string, durationMs: number, host: CliHost): Promise<{ readonly ended: Promise<number> }> {
  if (host.capture === undefined) throw new AppError('NOT_BUILT', 'record --this-node: this build cannot capture');
  await copyProc('/proc', join(folder, 'proc'), host.now());
  await makeFolder(join(folder, 'pcap'));
  const file = join(folder, 'pcap', captureName());
  return { ended: host.capture(['--output', file, '--duration', `${Math.ceil(durationMs / 1000)}s`]) };
}

function captureName(): string {
  return `${hostname().replace(/[^A-Za-z0-9.-]/g, '_')}.pcapng`;
}
