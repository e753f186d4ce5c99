import { ApiError, parseRetryAfter } from './errors.ts';
import { readEvents } from './events.ts';
import type { Operation } from './operations.ts';
import { readText } from './read-text.ts';

export interface ApiClient {
  /** Runs a query or a mutation. Throws ApiError. */
  run<Result, Variables>(operation: Operation<Result, Variables>, variables: Variables, options?: CallOptions): Promise<Result>;
  /** Follows a subscription until the signal aborts or the mapper ends it. Throws ApiError. */
  subscribe<Result, Variables>(
    operation: Operation<Result, Variables>,
    variables: Variables,
    options?: { readonly signal?: AbortSignal },
  ): AsyncGenerator<Result, void>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Instead of the client's. */
  readonly timeoutMs?: number;
}

export interface ApiClientOptions {
  /** Of the mapper; `/query` is added when the path lacks it. */
  readonly url: string;
  readonly fetch?: typeof fetch;
  /** Added to every request, e.g. the authorization; asked anew each time, because tokens rotate. */
  readonly headers?: () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** Until the whole answer is there. */
  readonly timeoutMs?: number;
  /** Of an answer, unpacked; the events of a subscription have their own bound. */
  readonly maxAnswerBytes?: number;
  /** Compresses request bodies (gzip) when given; for reporters. */
  readonly gzip?: (body: string) => Promise<Uint8Array>;
}

const DEFAULT_TIMEOUT_MS = 10_000;
/** The whole map in one answer, for a hundred thousand edges. Pages are far smaller. */
const DEFAULT_MAX_ANSWER_BYTES = 256 * 1024 * 1024;
const MAX_QUOTED = 300;

interface GraphQLAnswer {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message?: unknown; readonly extensions?: Readonly<Record<string, unknown>> }[];
}

export function createApiClient(options: ApiClientOptions): ApiClient {
  const url = toQueryUrl(options.url);
  const send = options.fetch ?? fetch;
  const maxAnswerBytes = options.maxAnswerBytes ?? DEFAULT_MAX_ANSWER_BYTES;

  async function post(operation: Operation<unknown, unknown>, variables: unknown, accept: string, signal: AbortSignal): Promise<Response> {
    const text = JSON.stringify({ query: operation.text, variables, operationName: operation.name });
    const headers: Record<string, string> = { ...(await options.headers?.()), 'content-type': 'application/json', accept };
    let body: string | Uint8Array<ArrayBuffer> = text;
    if (options.gzip !== undefined) {
      body = new Uint8Array(await options.gzip(text));
      headers['content-encoding'] = 'gzip';
    }
    return send(url, { method: 'POST', headers, body, signal });
  }

  return {
    async run<Result, Variables>(operation: Operation<Result, Variables>, variables: Variables, call: CallOptions = {}): Promise<Result> {
      const timeoutMs = call.timeoutMs ?? options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
      const timeout = AbortSignal.timeout(timeoutMs);
      const signal = call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]);
      try {
        const response = await post(operation, variables, 'application/json', signal);
        return readAnswer(await readText(response, maxAnswerBytes, url), response, url) as Result;
      } catch (error) {
        throw toApiError(error, { url, timeoutMs, timedOut: timeout.aborted, aborted: call.signal?.aborted === true });
      }
    },

    async *subscribe<Result, Variables>(
      operation: Operation<Result, Variables>,
      variables: Variables,
      call: { readonly signal?: AbortSignal } = {},
    ): AsyncGenerator<Result, void> {
      const signal = call.signal ?? new AbortController().signal;
      try {
        const response = await post(operation, variables, 'text/event-stream', signal);
        if (!response.ok || response.body === null) readAnswer(await readText(response, maxAnswerBytes, url), response, url);
        for await (const event of readEvents(response.body)) {
          if (event.name === 'complete') return;
          if (event.data !== '') yield readAnswer(event.data, response, url) as Result;
        }
      } catch (error) {
        if (signal.aborted) return;
        throw toApiError(error, { url, timeoutMs: 0, timedOut: false, aborted: false });
      }
    },
  };
}

/** `http://mapper:9090` and `http://mapper:9090/` become `http://mapper:9090/query`. */
export function toQueryUrl(url: string): string {
  const trimmed = url.replace(/\/+$/, '');
  return trimmed.endsWith('/query') ? trimmed : `${trimmed}/query`;
}

/** The data of an answer; throws ApiError when there is none. */
function readAnswer(text: string, response: Response, url: string): unknown {
  const { status } = response;
  const answer = parseJson(text);
  const first = answer?.errors?.[0];
  const message = typeof first?.message === 'string' ? first.message : text.slice(0, MAX_QUOTED);
  const code = first?.extensions?.['code'];
  const isBusy = status === 503 || status === 429 || code === 'REPORT_BUSY';
  if (isBusy) {
    const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), Date.now());
    throw new ApiError('API_BUSY', `${url} is busy: ${message}. Try again later`, { status, retryAfterMs });
  }
  if (status === 401 || status === 403) {
    throw new ApiError('API_FORBIDDEN', `${url} refused the request (${status}): ${message}`, { status });
  }
  if (status === 422) {
    throw new ApiError('API_INVALID_QUERY', `${url} does not know this query, it may be another version: ${message}`, { status });
  }
  if (first !== undefined) {
    throw new ApiError('API_FAILED', `${url} answered with an error: ${message}`, { status, fields: { code } });
  }
  if (status >= 400 || answer?.data === undefined || answer.data === null) {
    throw new ApiError('API_BAD_ANSWER', `${url} did not answer as a mapper does (HTTP ${status}): ${message}. Check the address`, {
      status,
    });
  }
  return answer.data;
}

function parseJson(text: string): GraphQLAnswer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function toApiError(
  error: unknown,
  call: { readonly url: string; readonly timeoutMs: number; readonly timedOut: boolean; readonly aborted: boolean },
): unknown {
  if (error instanceof ApiError || call.aborted) return error;
  if (call.timedOut) {
    return new ApiError('API_TIMEOUT', `${call.url} did not answer within ${call.timeoutMs} ms`, { cause: error });
  }
  return new ApiError('API_UNREACHABLE', `cannot reach ${call.url}: ${reasonOf(error)}. Is the mapper running there?`, { cause: error });
}

/** fetch hides the reason (ECONNREFUSED …) in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
