import type { ExportedIntents } from '@nm/core';
import { escapeUnsafe } from '../output/escape-unsafe.ts';

/** Documents as a JSON list, with the fields that the existing command line writes without having anything to say. */
export function toIntentsJson(documents: readonly ExportedIntents[]): string {
  return escapeUnsafe(JSON.stringify(documents.map(toIntentsObject), null, 2));
}

export function toIntentsObject({ document }: ExportedIntents): object {
  const { kind, apiVersion, metadata, spec } = document;
  return { kind, apiVersion, metadata: { ...metadata, creationTimestamp: null }, spec, status: { upToDate: false, observedGeneration: 0 } };
}
