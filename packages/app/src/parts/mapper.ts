import { runMapper } from '@nm/mapper';
import type { CommandContext } from '@nm/runtime';
import { VERSION } from '../version.ts';
import { guardedPart } from './guarded-part.ts';

/** `network-mapper mapper`. */
export async function runMapperPart(context: CommandContext): Promise<number> {
  return guardedPart('mapper', () =>
    runMapper(context.argv, context.env, {
      signal: context.signal,
      stdout: (text) => process.stdout.write(text),
      version: VERSION,
      // Loaded only when it is wanted.
      createMeshWatcher: async (deps, options) => (await import('@nm/watchers')).embedIstioWatcher(deps, options),
    }),
  );
}
