import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAppError } from '@nm/core';
import type { Logger } from '@nm/core';
import type { HeapBound } from '@nm/runtime';
import { requirePermission } from '../auth/identity.ts';
import type { Authenticator, Credentials, Identity } from '../auth/identity.ts';
import type { QueryAnswer, QueryExecutor, QueryRequest } from '../graphql/execute-query.ts';
import type { MapperMetrics } from '../mapper-metrics.ts';
import type { Newcomers } from './newcomers.ts';
import { createByteBudget, isBodyProblem, withBody } from './request-body.ts';
import type { ByteBudget, ReportGates } from './request-body.ts';
import { checkQueryRequest } from './request-guard.ts';
import { writeEvents } from './server-events.ts';
import { writePieces } from './write-pieces.ts';

const AUTH_STATUS: Readonly<Record<string, number>> = { AUTH_MISSING: 401, AUTH_INVALID: 401, AUTH_FORBIDDEN: 403, AUTH_UNAVAILABLE: 503 };

/**
 * Who has no right at all may ask how the mapper is, and no more: one body, and all of them together. Checking a query
 * of 16 KiB that is made to be hard takes half a second.
 */
const MAX_STRANGER_BODY_BYTES = 2 * 1_024;
const MAX_STRANGERS_BYTES = 1_048_576;

/** Answers up to this length are written as text. */
const MAX_TEXT_LENGTH = 16 * 1_024;

/** One for all: each answer ends with it, and making one looks at the whole stack. */
const GONE = new DOMException('the client is gone', 'AbortError');

/** POST /query: reads, checks who asks, runs, answers. Never throws. */
export function createQueryHandler(
  deps: {
    readonly executor: QueryExecutor;
    readonly authenticator: Authenticator;
    readonly budget: ByteBudget;
    readonly gates: ReportGates;
    readonly newcomers: Newcomers;
    readonly heap: HeapBound;
    readonly metrics: MapperMetrics;
    readonly log: Logger;
    /** Aborted when the mapper stops: subscriptions, which never end by themselves, end then. */
    readonly stopping: AbortSignal;
  },
  options: { readonly maxBodyBytes: number; readonly heartbeatMs: number },
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const strangersBudget = createByteBudget(MAX_STRANGERS_BYTES);

  async function run(text: string, response: ServerResponse, identity: Identity, signal: AbortSignal): Promise<QueryAnswer | undefined> {
    const query = parseQuery(text);
    if (typeof query === 'string') {
      sendError(response, 400, query);
      return undefined;
    }
    return deps.executor.execute(query, { identity, signal });
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = checkQueryRequest(request);
    if (refusal !== undefined) return sendError(response, refusal.status, refusal.message, refusal.status === 405 ? { allow: 'POST' } : {});
    // Before anything is read: whoever has no right must not take the place of those who have.
    const identity = await deps.authenticator.authenticate(credentialsOf(request));
    if (identity.permissions.size === 0 && !isSmall(request)) requirePermission(identity, 'report');
    return answer(request, response, identity);
  }

  async function answer(request: IncomingMessage, response: ServerResponse, identity: Identity): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort(GONE));
    const isStranger = identity.permissions.size === 0;
    const limits = {
      maxBytes: options.maxBodyBytes,
      budget: isStranger ? strangersBudget : deps.budget,
      gates: deps.gates,
      newcomers: deps.newcomers,
    };
    const given = await withBody(request, limits, (text) => run(text, response, identity, gone.signal));
    if (given === undefined || response.headersSent) return undefined;
    if (isBodyProblem(given)) {
      const { status, message, retryAfterSeconds } = given;
      if (retryAfterSeconds !== undefined) deps.metrics.batches.inc({ result: 'busy' });
      const headers: Record<string, string> = {
        // What was not read of the body cannot be told from a next request.
        ...(!request.complete && { connection: 'close' }),
        ...(status === 503 && { 'retry-after': String(retryAfterSeconds ?? 1) }),
      };
      return sendError(response, status, message, headers, status === 503 ? 'REPORT_BUSY' : undefined);
    }
    if (given.type === 'pieces') return writePieces(response, given.pieces, { asEvent: acceptsEvents(request), signal: gone.signal });
    if (given.type === 'single') return sendAnswer(response, given, acceptsEvents(request));
    if (!acceptsEvents(request)) return sendError(response, 406, 'a subscription needs Accept: text/event-stream');
    const end = (): void => gone.abort();
    deps.stopping.addEventListener('abort', end, { once: true });
    try {
      await writeEvents(response, given.events, { heartbeatMs: options.heartbeatMs, signal: gone.signal });
    } finally {
      deps.stopping.removeEventListener('abort', end);
    }
  }

  return async (request, response) => {
    const start = performance.now();
    try {
      await handle(request, response);
    } catch (error) {
      if (isAppError(error) && AUTH_STATUS[error.code] !== undefined) {
        const status = AUTH_STATUS[error.code] ?? 401;
        // Who has no right keeps no connection either.
        sendError(response, status, error.message, status === 503 ? { 'retry-after': '1' } : { connection: 'close' }, error.code);
      } else if (request.complete) {
        deps.log.error('request failed', { error: (error as Error).message, stack: (error as Error).stack });
        sendError(response, 500, 'internal error');
      } else {
        // The sender went away within its body. Nobody must act, and nobody shall fill the log so.
        response.destroy();
      }
    } finally {
      deps.heap.look();
      deps.metrics.requests.inc({ status: String(response.statusCode) });
      if (response.getHeader('content-type') !== 'text/event-stream') {
        deps.metrics.requestSeconds.observe((performance.now() - start) / 1_000);
      }
    }
  };
}

/** The three fields of a request body, or what is wrong with it. */
function parseQuery(text: string): QueryRequest | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'the body is not JSON';
  }
  if (Array.isArray(value)) return 'several operations in one request are not read here';
  if (typeof value !== 'object' || value === null) return 'the body is not an object with query, variables and operationName';
  const { query, variables, operationName } = value as Readonly<Record<string, unknown>>;
  if (typeof query !== 'string') return 'query is not a text';
  const hasVariables = variables !== undefined && variables !== null;
  if (hasVariables && (typeof variables !== 'object' || Array.isArray(variables))) return 'variables is not an object';
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') return 'operationName is not a text';
  return {
    query,
    ...(hasVariables && { variables: variables as Record<string, unknown> }),
    ...(typeof operationName === 'string' && operationName !== '' && { operationName }),
  };
}

function credentialsOf(request: IncomingMessage): Credentials {
  return {
    remoteAddress: request.socket.remoteAddress,
    authorization: request.headers.authorization,
    isForwarded: ['forwarded', 'x-forwarded-for', 'x-real-ip'].some((name) => request.headers[name] !== undefined),
  };
}

function isSmall({ headers }: IncomingMessage): boolean {
  return headers['content-encoding'] === undefined && Number(headers['content-length'] ?? Infinity) <= MAX_STRANGER_BODY_BYTES;
}

function acceptsEvents(request: IncomingMessage): boolean {
  return (request.headers.accept ?? '').includes('text/event-stream');
}

function sendAnswer(response: ServerResponse, answer: Extract<QueryAnswer, { type: 'single' }>, asEvent: boolean): void {
  const json = JSON.stringify(answer.body);
  const retry = answer.retryAfterSeconds === undefined ? {} : { 'retry-after': String(answer.retryAfterSeconds) };
  if (asEvent && answer.status === 200) {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.end(`event: next\ndata: ${json}\n\nevent: complete\ndata:\n\n`);
    return;
  }
  send(response, answer.status, json, retry);
}

function sendError(response: ServerResponse, status: number, message: string, headers: Record<string, string> = {}, code?: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  send(
    response,
    status,
    JSON.stringify({ errors: [{ message, ...(code !== undefined && { extensions: { code } }) }], data: null }),
    headers,
  );
}

function send(response: ServerResponse, status: number, json: string, headers: Record<string, string>): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(json),
    ...headers,
  });
  // Text goes out in one piece with the head; of much text that would be a copy more.
  response.end(json.length <= MAX_TEXT_LENGTH ? json : Buffer.from(json));
}
