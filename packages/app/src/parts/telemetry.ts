import { showTelemetry } from '@nm/mapper';
import type { PartContext } from './part-context.ts';
import { guardedPart } from './guarded-part.ts';

/** `network-mapper telemetry show`. */
export async function runTelemetryPart({ argv, env, signal }: PartContext): Promise<number> {
  return guardedPart('telemetry', () => showTelemetry(argv, { stdout: (text) => process.stdout.write(text), env, signal }));
}
