import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { buildMap, createOpenLive, runCli } from '@nm/cli';
import { START } from '@nm/mapper/testing';
import { afterAll } from 'vitest';

/** The current one of every command, for one file of tests. */
export const folder = mkdtempSync(join(tmpdir(), 'nm-live-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly ended: Promise<Ran>;
  /** Resolves with what was written to standard output once it holds the text. */
  saw(text: string): Promise<string>;
  /** The same of standard error. */
  warned(text: string): Promise<string>;
  stop(): void;
}

/** Starts the command line, in `folder`, as it starts in a process. */
export function start(
  args: readonly string[],
  settings: { readonly env?: Readonly<Record<string, string>>; readonly now?: number } = {},
): Running {
  const stop = new AbortController();
  const texts = { out: '', err: '' };
  const waiting = new Set<() => void>();
  const stream = (name: 'out' | 'err'): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        texts[name] += chunk.toString();
        for (const look of waiting) look();
        done();
      },
    });
  const holds = (name: 'out' | 'err', text: string): Promise<string> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (texts[name].includes(text)) resolve(texts[name]);
      };
      waiting.add(look);
      look();
    });
  const env = settings.env ?? {};
  const now = (): number => settings.now ?? START;
  const ended = runCli(args, {
    stdout: stream('out'),
    stderr: stream('err'),
    stdin: (async function* () {})(),
    env,
    cwd: folder,
    now,
    signal: stop.signal,
    buildMap,
    openLive: createOpenLive({ env, now }),
  }).then((code) => ({ code, ...texts }));
  return {
    ended,
    saw: (text) => holds('out', text),
    warned: (text) => holds('err', text),
    stop: () => stop.abort(),
  };
}

/** The same, until it has ended. */
export const run = (args: readonly string[], settings?: Parameters<typeof start>[1]): Promise<Ran> => start(args, settings).ended;

/** What `list` says of what the tests report. */
export const LIST = `frontend in namespace shop calls:
  - cart
  - kafka in namespace kafka
`;
