import { isAppError } from '@nm/core';
import type { Command } from './arguments/command.ts';
import { parseArguments } from './arguments/parse-arguments.ts';
import { exitCode, exitCodeOfError } from './exit-codes.ts';
import type { CliHost } from './host.ts';
import { printable } from './output/printable.ts';
import { BrokenPipe, writeTo } from './output/write.ts';

/** Commands that this package brings. */
export const CLI_COMMANDS = [
  'list',
  'export',
  'visualize',
  'diff',
  'snapshot',
  'policies',
  'status',
  'watch',
  'reset',
  'open',
  'record',
  'map',
  'completion',
  'version',
  'help',
] as const;

/**
 * Runs one command and returns its exit code (EXIT_CODES). Expected errors are one line on stderr; unexpected ones
 * print their stack.
 */
export async function runCli(argv: readonly string[], host: CliHost): Promise<number> {
  try {
    const { columns } = host.stdout;
    return await run(
      parseArguments(argv, {
        env: host.env,
        now: host.now(),
        cwd: host.cwd,
        ...(columns !== undefined && { columns }),
        ...(host.otherCommands !== undefined && { otherCommands: host.otherCommands }),
      }),
      host,
    );
  } catch (error) {
    return await report(error, host);
  }
}

/** Each command's code is loaded when it runs: `list` does not wait for the drawing code. */
async function run(command: Command, host: CliHost): Promise<number> {
  switch (command.command) {
    case 'list':
      return (await import('./commands/list.ts')).runList(command, host);
    case 'export':
      return (await import('./commands/export.ts')).runExport(command, host);
    case 'visualize':
      return (await import('./commands/visualize.ts')).runVisualize(command, host);
    case 'diff':
      return (await import('./commands/diff.ts')).runDiff(command, host);
    case 'snapshot':
      return (await import('./commands/snapshot.ts')).runSnapshot(command, host);
    case 'policies':
      return (await import('./commands/policies.ts')).runPolicies(command, host);
    case 'status':
      return (await import('./commands/live.ts')).runStatus(command, host);
    case 'watch':
      return (await import('./commands/watch.ts')).runWatch(command, host);
    case 'reset':
      return (await import('./commands/live.ts')).runReset(command, host);
    case 'open':
      return (await import('./commands/live.ts')).runOpen(command, host);
    case 'record':
      return (await import('./commands/record.ts')).runRecord(command, host);
    case 'map':
      return (await import('./commands/map.ts')).runMap(command, host);
    case 'completion':
      return (await import('./commands/completion.ts')).runCompletion(command, host);
    case 'version':
      return (await import('./commands/version.ts')).runVersion(command, host);
    case 'help':
      await writeTo(host.stdout, command.text);
      return exitCode('ok');
  }
}

async function report(error: unknown, host: CliHost): Promise<number> {
  if (error instanceof BrokenPipe) return exitCode('ok');
  if (host.signal.aborted) return exitCode('interrupted');
  const text = isAppError(error) ? printable(error.message) : error instanceof Error ? (error.stack ?? error.message) : String(error);
  try {
    await writeTo(host.stderr, `network-mapper: ${text}\n`);
  } catch {
    // Nobody reads stderr either: the exit code has to do.
  }
  return exitCodeOfError(error);
}
