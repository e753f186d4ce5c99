import { AppError, isAppError, MAP_SCHEMA, parseMapDocument, toEdges } from '@nm/core';
import type { Edge } from '@nm/core';

/**
 * Edges as GraphQL answers them: the map file's form with nulls for what is absent, checked as a map file is.
 * @throws AppError MAPPER_UNREACHABLE when they are not.
 */
export function fromApiEdges(nodes: readonly unknown[]): Edge[] {
  try {
    return toEdges(parseMapDocument({ schema: MAP_SCHEMA, generatedAt: '1970-01-01T00:00:00Z', edges: withoutNulls(nodes) }));
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new AppError(
      'MAPPER_UNREACHABLE',
      `the mapper answered with edges that cannot be read (${error.message}): are the versions too far apart?`,
      {
        cause: error,
      },
    );
  }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item !== null && item !== undefined) result[key] = typeof item === 'object' ? withoutNulls(item) : item;
  }
  return result;
}
