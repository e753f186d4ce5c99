import { runMapper } from '@nm/mapper';
import type { CommandContext } from '@nm/runtime';
import { VERSION } from '../version.ts';
import { guardedPart } from './guarded-part.ts';

/** `network-mapper mapper`. */
export async function runMapperPart(context: CommandContext): Promise<number> {
  return guardedPart('mapper', async () =>
    runMapper(context.argv, context.env, {
      signal: context.signal,
      stdout: (text) => process.stdout.write(text),
      version: VERSION,
      // Loaded only when it is wanted.
      releaseProgramPages: await loadReleaseProgramPages(),
      createMeshWatcher: async (deps, options) => (await import('@nm/watchers')).embedIstioWatcher(deps, options),
    }),
  );
}

/** Without it the mapper is as good, and takes 25 MiB more. */
async function loadReleaseProgramPages(): Promise<() => void> {
  try {
    return (await import('@nm/sniffer/program-pages')).releaseProgramPages;
  } catch {
    // No library for calling the system's functions on this platform.
    return () => undefined;
  }
}
