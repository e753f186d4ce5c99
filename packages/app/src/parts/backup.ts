import { runBackup } from '@nm/mapper';
import { resolve } from 'node:path';
import type { CommandContext } from '@nm/runtime';
import { guardedPart } from './guarded-part.ts';

/** `network-mapper backup FILE`: FILE is meant from the caller's folder. */
export async function runBackupPart({ argv, env, cwd }: CommandContext): Promise<number> {
  const resolvePath = (path: string): string => resolve(cwd, path);
  return guardedPart('backup', () => runBackup(argv, env, { stdout: (text) => process.stdout.write(text), resolvePath }));
}
