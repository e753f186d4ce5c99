import { isAppError } from '@nm/core';
import { showTelemetry } from '@nm/mapper';
import type { PartContext } from '../parts.ts';

const FAILED = 1;

/** `network-mapper telemetry show`. */
export async function runTelemetryPart({ argv, env, signal }: PartContext): Promise<number> {
  try {
    await showTelemetry(argv, { stdout: (text) => process.stdout.write(text), env, signal });
    return 0;
  } catch (error) {
    if (!isAppError(error)) throw error;
    process.stderr.write(`network-mapper telemetry: ${error.message}\n`);
    return FAILED;
  }
}
