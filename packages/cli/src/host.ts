import type { Writable } from 'node:stream';
import type { BuildMap } from './map/map-contract.ts';
import type { OpenLiveSource } from './source/map-source.ts';

/** A stream that may be a terminal. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** Everything that a command may touch; the entry point passes the process's own, tests pass theirs. */
export interface CliHost {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder against which file names in arguments resolve. */
  readonly cwd: string;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Ends everything under way. */
  readonly signal: AbortSignal;
  readonly buildMap: BuildMap;
  /** Absent where this build cannot reach a cluster. */
  readonly openLive?: OpenLiveSource;
  /** Captures this machine's traffic (arguments of `capture`); absent where this build cannot. Gives the exit code. */
  readonly capture?: (argv: readonly string[]) => Promise<number>;
  /** Commands that other packages bring, for --help and completion. */
  readonly otherCommands?: readonly { readonly name: string; readonly summary: string }[];
}
