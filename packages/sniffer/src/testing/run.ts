/** The command line of the sniffer as a process of its own, for tests with real packets: `node run.ts sniffer|capture …`. */
import { runCapture, runSniffer } from '../index.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
const [command, ...argv] = process.argv.slice(2);
const run = command === 'capture' ? runCapture : runSniffer;
process.exitCode = await run({ argv, env: {}, cwd: process.cwd(), signal: stop.signal });
