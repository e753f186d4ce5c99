import { isAppError } from '@nm/core';
import { runBackup } from '@nm/mapper';
import { resolve } from 'node:path';
import type { PartContext } from '../parts.ts';

const FAILED = 1;

/** `network-mapper backup FILE`: FILE is meant from the caller's folder. */
export async function runBackupPart({ argv, env, cwd }: PartContext): Promise<number> {
  const resolvePath = (path: string): string => resolve(cwd, path);
  try {
    await runBackup(argv, env, { stdout: (text) => process.stdout.write(text), resolvePath });
    return 0;
  } catch (error) {
    if (!isAppError(error)) throw error;
    process.stderr.write(`network-mapper backup: ${error.message}\n`);
    return FAILED;
  }
}
