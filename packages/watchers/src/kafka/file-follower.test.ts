import { EventEmitter, once } from 'node:events';
import { appendFile, copyFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { followFile } from './file-follower.ts';

let folder: string;
let path: string;
let stop: AbortController;
let lines: string[];
let rotations: string[];
let changes: EventEmitter;
let done: Promise<void> | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nm-follow-'));
  path = join(folder, 'authorizer.log');
  stop = new AbortController();
  lines = [];
  rotations = [];
  changes = new EventEmitter();
});

afterEach(async () => {
  stop.abort();
  await done?.catch(() => undefined);
  await rm(folder, { recursive: true });
});

function follow(fromStart: boolean): void {
  done = followFile(
    { path, fromStart, pollMs: 1 },
    { line: (text) => lines.push(text), rotated: (how) => rotations.push(how), caughtUp: () => changes.emit('caughtUp') },
    stop.signal,
  );
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await once(changes, 'caughtUp');
}

it('waits for a file, and reads what comes', async () => {
  follow(false);
  await writeFile(path, 'a\nb\nhal');
  await until(() => lines.length === 2);
  await appendFile(path, 'f\n');
  await until(() => lines.length === 3);
  expect(lines).toEqual(['a', 'b', 'half']);
});

it('begins at the end, or at the start if told', async () => {
  await writeFile(path, 'old\n');
  follow(false);
  await once(changes, 'caughtUp');
  await appendFile(path, 'new\n');
  await until(() => lines.length === 1);
  expect(lines).toEqual(['new']);
});

it('goes on after a rotation by renaming, without losing the end of the old file', async () => {
  await writeFile(path, 'a\n');
  follow(true);
  await until(() => lines.length === 1);
  await appendFile(path, 'b\n');
  await rename(path, `${path}.1`);
  await appendFile(`${path}.1`, 'c\n');
  await writeFile(path, 'd\n');
  await until(() => lines.length === 4);
  expect(lines).toEqual(['a', 'b', 'c', 'd']);
  expect(rotations).toEqual(['renamed']);
});

it.each([
  ['shorter', 'x\n'],
  ['longer', `${'y'.repeat(100)}\n`],
])('goes on after a copy and truncation: the new text is %s', async (_, next) => {
  await writeFile(path, 'a\nb\nc\n');
  follow(true);
  await until(() => lines.length === 3);
  await copyFile(path, `${path}.1`);
  await truncate(path, 0);
  await appendFile(path, next);
  await until(() => lines.includes(next.trimEnd()));
  expect(lines).toEqual(['a', 'b', 'c', next.trimEnd()]);
  expect(rotations).toEqual(['truncated']);
});

it('says what is wrong with a folder', async () => {
  path = folder;
  follow(false);
  await expect(done).rejects.toMatchObject({ code: 'log-file-unreadable' });
});
