import { parseRfc3339 } from '@nm/core';
import { GraphQLError, Kind } from 'graphql';
import type { ConstValueNode } from 'graphql';

/** How a scalar is written in answers and read from variables and from the query's own text. */
export interface ScalarCodec {
  readonly toOutput: (value: unknown) => unknown;
  readonly fromInput: (value: unknown) => unknown;
  readonly fromLiteral: (node: ConstValueNode) => unknown;
}

const MAX_TIME_LENGTH = 64;

/** Integers to 2^53: counts of bytes exceed 32 bits on the wire. */
export const INT: ScalarCodec = {
  toOutput: toInt,
  fromInput: toInt,
  fromLiteral: (node) => toInt(node.kind === Kind.INT ? Number(node.value) : undefined),
};

export const TIME: ScalarCodec = {
  toOutput: String,
  fromInput: toTime,
  fromLiteral: (node) => toTime(node.kind === Kind.STRING ? node.value : undefined),
};

/** A batch is checked by its own decoder; here it only has to be there, as a variable. */
export const REPORT_BATCH: ScalarCodec = {
  toOutput: (value) => value,
  fromInput: (value) => value,
  fromLiteral: () => {
    throw new GraphQLError('ReportBatch must be given as a variable');
  },
};

function toInt(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new GraphQLError('Int cannot represent a value that is not a whole number below 2^53');
}

function toTime(value: unknown): string {
  if (typeof value === 'string' && value.length <= MAX_TIME_LENGTH && parseRfc3339(value) !== undefined) return value;
  throw new GraphQLError('Time cannot represent a value that is not an RFC 3339 time such as 2026-01-01T00:00:00Z');
}
