import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError } from '@nm/core';
import { describeOptions, guarded, loadOptions, toShownConfig, untilAborted } from '@nm/runtime';
import type { CommandContext, ExitName, OptionTable } from '@nm/runtime';
import { keepLargeAllocationsApart } from '../capture/libc.ts';
import { listPids } from '../proc/proc-files.ts';
import { captureToFile } from './capture-to-file.ts';
import { createLightLogger } from './light-logger.ts';
import { CAPTURE_OPTIONS, SNIFFER_OPTIONS } from './options.ts';
import { printObservations } from './print.ts';
import type { SnifferErrorCode } from './sniffer-errors.ts';
import { createSniffer } from './sniffer.ts';

const EXITS: Readonly<Record<string, ExitName>> = {
  'capture-no-right': 'usage',
  'capture-unsupported': 'usage',
  'proc-unusable': 'usage',
  'output-unwritable': 'output',
};

/** `network-mapper sniffer`: runs until the signal aborts; gives the exit code. */
export async function runSniffer(context: CommandContext): Promise<number> {
  return guarded(async () => {
    if (isHelp(context.argv)) return help('network-mapper sniffer [--print] [options]', SNIFFER_OPTIONS);
    const sources = { argv: context.argv, env: context.env, readFile: readText(context.cwd) };
    const loaded = await loadOptions(SNIFFER_OPTIONS, sources, { part: 'sniffer' });
    const shown = toShownConfig(SNIFFER_OPTIONS, loaded);
    if (shown !== undefined) {
      toStdout(shown);
      return;
    }
    const { values } = loaded;
    checkProc(values.hostProc);
    if (values.print) {
      const log = createLightLogger({ name: 'sniffer', level: values.logLevel, write: toStderr });
      await printObservations({ log, write: toStdout }, values, context.signal);
      return;
    }
    const log = createLightLogger({ name: 'sniffer', level: values.logLevel, write: toStdout });
    keepLargeAllocationsApart();
    const sniffer = await createSniffer({ log, version: context.version ?? '0.0.0' }, values);
    await sniffer.start();
    await untilAborted(context.signal);
    await sniffer.stop();
  }, EXITS);
}

/** `network-mapper capture`: writes what the filter passes to a file. */
export async function runCapture(context: CommandContext): Promise<number> {
  return guarded(async () => {
    const argv = context.argv.map((argument) => (argument === '-o' ? '--output' : argument));
    if (isHelp(argv)) return help('network-mapper capture [-o FILE] [--duration 60s]', CAPTURE_OPTIONS);
    const { values } = await loadOptions(CAPTURE_OPTIONS, { argv, env: {}, readFile: readText(context.cwd) }, { part: 'capture' });
    const output = values.output === '-' ? '-' : resolve(context.cwd, values.output);
    const log = createLightLogger({ name: 'capture', level: 'warn', write: toStderr });
    const { frames, dropped, bytes } = await captureToFile({ log }, { ...values, output }, context.signal);
    process.stderr.write(`${frames} frames, ${bytes} bytes written to ${values.output}, ${dropped} dropped by the kernel\n`);
  }, EXITS);
}

/** Without its processes nothing of the node can be told apart. @throws AppError proc-unusable */
function checkProc(folder: string): void {
  try {
    if (listPids(folder).length > 0) return;
  } catch {
    // It is not there, or may not be read.
  }
  throw new AppError<SnifferErrorCode>(
    'proc-unusable',
    `the folder ${folder} of --host-proc is no procfs; give the node's /proc, or leave it out`,
  );
}

const toStdout = (text: string): void => void process.stdout.write(text);
const toStderr = (text: string): void => void process.stderr.write(text);

function isHelp(argv: readonly string[]): boolean {
  return argv.includes('--help') || argv.includes('-h');
}

function help(usage: string, table: OptionTable): void {
  toStdout(`Usage: ${usage}\n\n${describeOptions(table)}`);
}

function readText(cwd: string): (path: string) => Promise<string> {
  return (path) => readFile(resolve(cwd, path), 'utf8');
}
