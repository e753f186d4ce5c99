import { randomUUID } from 'node:crypto';
import { isAppError } from '@nm/core';
import type { Logger } from '@nm/core';
import { execute, GraphQLError, subscribe } from 'graphql';
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql';
import { isSubscription } from './query-cache.ts';
import type { RequestContext } from './request-context.ts';
import { toStreamedAnswer } from './streamed-query.ts';
import type { RowSource } from './streamed-query.ts';
import type { QueryCache } from './query-cache.ts';

export interface QueryRequest {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly operationName?: string;
}

/** An answer with its HTTP status, one answer in pieces of its JSON (status 200), or a stream of answers. */
export type QueryAnswer =
  | { readonly type: 'single'; readonly status: number; readonly retryAfterSeconds?: number; readonly body: ExecutionResult }
  | { readonly type: 'pieces'; readonly pieces: AsyncIterable<string> }
  | { readonly type: 'stream'; readonly events: AsyncIterable<ExecutionResult> };

/** HTTP status of coded errors; other errors of resolvers are 200, as existing clients expect. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  AUTH_MISSING: 401,
  AUTH_INVALID: 401,
  AUTH_FORBIDDEN: 403,
  AUTH_UNAVAILABLE: 503,
  REPORT_BUSY: 503,
  SUBSCRIPTIONS_FULL: 503,
  OVERVIEW_BUSY: 503,
};
/** Their messages name hosts, files and what the database said: for the log only. */
const PRIVATE_CODES: ReadonlySet<string> = new Set(['store_unavailable', 'store_value_invalid']);
const RETRY_AFTER_SECONDS = 1;
const UNPROCESSABLE = 422;
const BUSY = 503;

export interface QueryExecutor {
  execute(request: QueryRequest, context: RequestContext): Promise<QueryAnswer>;
}

/** Checks and runs queries; errors that nobody expected are masked and logged with an id. */
export function createQueryExecutor(deps: {
  readonly schema: GraphQLSchema;
  readonly cache: QueryCache;
  /** Fields of the root types: `(args, context) => value`. */
  readonly root: object;
  /** Root fields whose rows may be answered as they are read. */
  readonly sources?: ReadonlyMap<string, RowSource>;
  readonly log: Logger;
}): QueryExecutor {
  const { schema, cache, root, log, sources = new Map<string, RowSource>() } = deps;

  function toPublicError(error: GraphQLError): GraphQLError {
    const original = error.originalError;
    if (original === undefined) return error;
    const place = { nodes: error.nodes ?? null, path: error.path ?? null };
    if (isAppError(original) && !PRIVATE_CODES.has(original.code))
      return new GraphQLError(original.message, { ...place, extensions: { code: original.code } });
    if (original instanceof GraphQLError) return error;
    // Whoever asked is gone, or the mapper stops.
    if (original.name === 'AbortError') return new GraphQLError('the query was given up', place);
    const id = randomUUID();
    const code = isAppError(original) ? original.code : 'INTERNAL';
    const what = code === 'INTERNAL' ? 'internal error' : code.replaceAll('_', ' ');
    log.error('query failed', { id, error: original.message, stack: original.stack, path: error.path?.join('.') });
    return new GraphQLError(`${what} ${id}; the mapper's log says more`, { ...place, extensions: { code, id } });
  }

  function toPublic(result: ExecutionResult): ExecutionResult {
    return result.errors === undefined ? result : { ...result, errors: result.errors.map(toPublicError) };
  }

  /** A stream that breaks ends with its error, masked like any other. */
  async function* toPublicEvents(events: AsyncIterable<ExecutionResult>): AsyncGenerator<ExecutionResult, void> {
    try {
      for await (const event of events) yield toPublic(event);
    } catch (error) {
      const originalError = error instanceof Error ? error : new Error(String(error));
      yield { errors: [toPublicError(new GraphQLError(originalError.message, { originalError }))] };
    }
  }

  function toAnswer(result: ExecutionResult): QueryAnswer {
    const body = toPublic(result);
    const codes = body.errors?.map((error) => STATUS_OF_CODE[String(error.extensions['code'])]) ?? [];
    const hasRun = 'data' in result || result.errors?.some((error) => isAppError(error.originalError)) === true;
    // What has not even run was a wrong request: a variable of another type, no such operation.
    const status = codes.find((code) => code !== undefined) ?? (hasRun ? 200 : UNPROCESSABLE);
    const retry = status === BUSY ? { retryAfterSeconds: RETRY_AFTER_SECONDS } : {};
    return { type: 'single', status, ...retry, body: { ...body, data: body.data ?? null } };
  }

  /** Undefined: the executor must answer, also when the first piece fails, because it knows how to say so. */
  async function inPieces(document: DocumentNode, request: QueryRequest, context: RequestContext): Promise<QueryAnswer | undefined> {
    const { operationName, variables } = request;
    try {
      const pieces = toStreamedAnswer({ schema, sources }, { document, operationName, variables }, context);
      if (pieces === undefined) return undefined;
      const first = await pieces.next();
      return { type: 'pieces', pieces: first.done === true ? pieces : startingWith(first.value, pieces) };
    } catch {
      return undefined;
    }
  }

  return {
    async execute(request, context) {
      const checked = cache.check(request.query);
      if ('errors' in checked) return { type: 'single', status: UNPROCESSABLE, body: { errors: checked.errors, data: null } };
      const streamed = await inPieces(checked.document, request, context);
      if (streamed !== undefined) return streamed;
      const args = {
        schema,
        document: checked.document,
        rootValue: root,
        contextValue: context,
        variableValues: request.variables ?? null,
        operationName: request.operationName ?? null,
      };
      if (!isSubscription(checked.document, request.operationName)) return toAnswer(await execute(args));
      const stream = await subscribe({ ...args, abortSignal: context.signal });
      if (!(Symbol.asyncIterator in stream)) return toAnswer(stream);
      return { type: 'stream', events: toPublicEvents(stream) };
    },
  };
}

async function* startingWith<T>(first: T, rest: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  yield first;
  yield* rest;
}
