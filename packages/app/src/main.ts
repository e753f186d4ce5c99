#!/usr/bin/env node
import { PARTS } from './parts.ts';

/** Oldest Node.js major release that the bundles run on. */
const OLDEST_NODE = 22;
/** Exit codes as in docs/cli.md. They are not taken from the command line's package: a sniffer does not load it. */
const USAGE = 2;
const INTERRUPTED = 130;
const FORGOTTEN_MS = 1_000;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The first signal asks, the second does not wait.
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    stop.abort();
  });
}
// A reader that went away is found by the write that fails; without a listener the process would die with a stack.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

// Not awaited at the top: the single executable is a CommonJS file. What is not caught ends the process with its stack.
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
  // Told to stop, and all is stored: a connection that somebody forgot must not keep the process until it is killed.
  if (stop.signal.aborted) setTimeout(() => process.exit(code), FORGOTTEN_MS).unref();
});

/** The one place that knows the process: chooses the command, hands it what it may touch, takes its exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < OLDEST_NODE) {
    process.stderr.write(
      `network-mapper: Node.js ${OLDEST_NODE} or newer is needed, this is ${process.versions.node}: install one from nodejs.org, or run through npm in a checkout\n`,
    );
    return USAGE;
  }
  const [name] = argv;
  // npm changes the folder before it runs a script; file names are meant as seen from where it was called.
  const cwd = process.env['INIT_CWD'] ?? process.cwd();
  const part = PARTS.find((one) => one.name === name);
  if (part !== undefined) {
    const run = await part.load();
    return await run({ argv: argv.slice(1), env: process.env, cwd, signal: stop.signal });
  }
  const { runCommandLine } = await import('./command-line.ts');
  return await runCommandLine(argv, { cwd, signal: stop.signal });
}
