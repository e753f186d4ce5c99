import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';

/* What is recorded names a cluster's objects, processes and packets: it is for whoever recorded it alone. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** Makes a folder, with those above it. */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
}

export async function writePrivate(file: string, content: string | Uint8Array): Promise<void> {
  await writeFile(file, content, { mode: FILE_MODE });
}

export function streamPrivate(file: string): WriteStream {
  return createWriteStream(file, { mode: FILE_MODE });
}
