import { buildMap, createOpenLive, exitCode, runCli } from '@nm/cli';
import { COMMAND_NAMES, nearestCommand } from './commands.ts';
import { capture, PARTS } from './parts.ts';

/** Longest word that an error repeats. */
const MAX_SHOWN = 80;

/** Every command that is not a part: hands the reading commands what they may touch of the process. */
export async function runCommandLine(
  argv: readonly string[],
  context: { readonly cwd: string; readonly signal: AbortSignal },
): Promise<number> {
  const [name] = argv;
  if (name !== undefined && !name.startsWith('-') && !COMMAND_NAMES.includes(name)) {
    const near = nearestCommand(name);
    const advice = near === undefined ? ': --help lists them all' : `, did you mean ${near}?`;
    process.stderr.write(`network-mapper: unknown command ${JSON.stringify(name.slice(0, MAX_SHOWN))}${advice}\n`);
    return exitCode('usage');
  }
  const record = capture;
  const now = (): number => Date.now();
  return await runCli(name === '--version' || name === '-V' ? ['version', ...argv.slice(1)] : argv, {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    cwd: context.cwd,
    now,
    signal: context.signal,
    buildMap,
    openLive: createOpenLive({ env: process.env, now }),
    ...(record !== undefined && { capture: (args: readonly string[]) => record({ ...context, argv: args, env: process.env }) }),
    otherCommands: PARTS.map(({ name: other, summary }) => ({ name: other, summary })),
  });
}
