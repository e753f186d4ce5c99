import { isAppError } from '@nm/core';
import { runMapper } from '@nm/mapper';
import type { PartContext } from '../parts.ts';
import { VERSION } from '../version.ts';

const FAILED = 1;

/** `network-mapper mapper`: what the user can mend is one line on stderr. */
export async function runMapperPart(context: PartContext): Promise<number> {
  try {
    await runMapper(context.argv, context.env, {
      signal: context.signal,
      stdout: (text) => process.stdout.write(text),
      version: VERSION,
      // Loaded only when it is wanted.
      createMeshWatcher: async (deps, options) => (await import('@nm/watchers')).embedIstioWatcher(deps, options),
    });
    return 0;
  } catch (error) {
    if (!isAppError(error)) throw error;
    process.stderr.write(`network-mapper mapper: ${error.message}\n`);
    return FAILED;
  }
}
