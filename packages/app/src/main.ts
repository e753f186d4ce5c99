#!/usr/bin/env node
import { buildMap, exitCode, runCli } from '@nm/cli';
import { COMMAND_NAMES, nearestCommand, PARTS } from './commands.ts';

/** Oldest Node.js major release that the bundles run on. */
const OLDEST_NODE = 22;
/** Longest word that an error repeats. */
const MAX_SHOWN = 80;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The first signal asks, the second does not wait.
    if (stop.signal.aborted) process.exit(exitCode('interrupted'));
    stop.abort();
  });
}
// A reader that went away is found by the write that fails; without a listener the process would die with a stack.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

process.exitCode = await main(process.argv.slice(2));

/** The one place that knows the process: chooses the command, hands it what it may touch, takes its exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < OLDEST_NODE)
    return fail(
      `Node.js ${OLDEST_NODE} or newer is needed, this is ${process.versions.node}: install one from nodejs.org, or run through npm in a checkout`,
    );
  const [name] = argv;
  // npm changes the folder before it runs a script; file names are meant as seen from where it was called.
  const cwd = process.env['INIT_CWD'] ?? process.cwd();
  const part = PARTS.find((one) => one.name === name);
  if (part !== undefined) {
    const run = await part.load();
    return await run({ argv: argv.slice(1), env: process.env, cwd, signal: stop.signal });
  }
  if (name !== undefined && !name.startsWith('-') && !COMMAND_NAMES.includes(name)) {
    const near = nearestCommand(name);
    return fail(
      `unknown command ${JSON.stringify(name.slice(0, MAX_SHOWN))}${near === undefined ? ': --help lists them all' : `, did you mean ${near}?`}`,
    );
  }
  return await runCli(name === '--version' || name === '-V' ? ['version', ...argv.slice(1)] : argv, {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    cwd,
    now: () => Date.now(),
    signal: stop.signal,
    buildMap,
    otherCommands: PARTS.map(({ name: other, summary }) => ({ name: other, summary })),
  });
}

function fail(message: string): number {
  process.stderr.write(`network-mapper: ${message}\n`);
  return exitCode('usage');
}
