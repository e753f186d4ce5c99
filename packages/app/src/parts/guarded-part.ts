import { guarded } from '@nm/runtime';
import type { ExitName } from '@nm/runtime';

const EXITS: Readonly<Record<string, ExitName>> = {
  backup_unsupported: 'usage',
  store_url_invalid: 'usage',
  backup_failed: 'output',
  MAPPER_UNREACHABLE: 'mapper',
};

/** Runs a part that lives beside the command line: its errors name it. */
export function guardedPart(part: string, work: () => Promise<void>): Promise<number> {
  return guarded(work, EXITS, part);
}
