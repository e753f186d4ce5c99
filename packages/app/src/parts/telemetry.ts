import { showTelemetry } from '@nm/mapper';
import type { CommandContext } from '@nm/runtime';
import { guardedPart } from './guarded-part.ts';

/** `network-mapper telemetry show`. */
export async function runTelemetryPart({ argv, env, signal }: CommandContext): Promise<number> {
  return guardedPart('telemetry', () => showTelemetry(argv, { stdout: (text) => process.stdout.write(text), env, signal }));
}
