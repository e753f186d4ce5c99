import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { RequestOptions } from 'node:https';
import { KubeError, answerError, isKubeError, withoutQuery } from './kube-error.ts';

/** What every request is sent with. */
export type AuthOptions = Omit<RequestOptions, 'headers'> & { headers?: OutgoingHttpHeaders };

/** Where an API server is and how to prove who one is. */
export interface KubeTransport {
  /** `https://host:port`, with a path where a proxy wants one. */
  readonly baseUrl: string;
  /** Namespace of the context, `default` when it names none. */
  readonly namespace: string;
  /** TLS settings and headers, asked for before every request because tokens rotate. `agent` only for proxies. */
  readonly options: () => Promise<AuthOptions>;
}

export interface KubeRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly accept?: string;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** Without any byte on the connection for so long, the request has failed. */
  readonly idleTimeoutMs?: number;
}

export interface KubeClient {
  readonly baseUrl: string;
  readonly namespace: string;
  readonly transport: KubeTransport;
  /** One request, its answer parsed as JSON. Throws KubeError. */
  request(path: string, options?: KubeRequest): Promise<unknown>;
  /** A request whose answer has no end (watch, log): the bytes as they come. Throws KubeError, also while reading. */
  stream(path: string, options?: KubeRequest): Promise<AsyncIterable<Buffer>>;
  /** Ends idle connections. */
  close(): void;
}

const DEFAULT_IDLE_TIMEOUT_MS = 30_000;
/** The head of an answer comes at once, also that of a watch. */
const HEAD_TIMEOUT_MS = 30_000;
/** Bound on one answer; a page of 500 objects has about 4 MB, one object at most 1.5 MiB. */
export const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;
/** Idle connections that are kept. */
const MAX_IDLE_CONNECTIONS = 4;
const TCP_KEEP_ALIVE_MS = 30_000;

/** A client for one API server. Opens connections only when used. */
export function createKubeClient(transport: KubeTransport, options: { readonly userAgent?: string } = {}): KubeClient {
  const isTls = transport.baseUrl.startsWith('https:');
  const agentOptions = { keepAlive: true, keepAliveMsecs: TCP_KEEP_ALIVE_MS, maxFreeSockets: MAX_IDLE_CONNECTIONS };
  const agent = isTls ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  const userAgent = options.userAgent ?? 'network-mapper';

  const send = async (path: string, request: KubeRequest): Promise<IncomingMessage> => {
    request.signal?.throwIfAborted();
    const auth = await transport.options();
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const settings: RequestOptions = {
      agent,
      ...auth,
      method: request.method ?? 'GET',
      headers: {
        'User-Agent': userAgent,
        Accept: request.accept ?? 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': request.contentType ?? 'application/json', 'Content-Length': body.length }),
        ...auth.headers,
      },
    };
    const url = transport.baseUrl + path;
    return exchange({
      url,
      isTls,
      settings,
      body,
      idleTimeoutMs: request.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
      signal: request.signal,
    });
  };

  return {
    baseUrl: transport.baseUrl,
    namespace: transport.namespace,
    transport,
    async request(path, request = {}) {
      const answer = await send(path, request);
      const text = await readAll(answer, path, MAX_ANSWER_BYTES, request.signal);
      try {
        return JSON.parse(text) as unknown;
      } catch (cause) {
        throw new KubeError(
          'kube-bad-answer',
          `the answer to ${withoutQuery(path)} is not JSON: is ${transport.baseUrl} a Kubernetes API server?`,
          { cause },
        );
      }
    },
    async stream(path, request = {}) {
      const answer = await send(path, request);
      return readChunks(answer, path, request.signal);
    },
    close() {
      agent.destroy();
    },
  };
}

interface Exchange {
  readonly url: string;
  readonly isTls: boolean;
  readonly settings: RequestOptions;
  readonly body: Buffer | undefined;
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Sends a request; resolves at the head of a good answer, throws KubeError otherwise. */
async function exchange({ url, isTls, settings, body, idleTimeoutMs, signal }: Exchange): Promise<IncomingMessage> {
  const { host, pathname } = new URL(url);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    let head: IncomingMessage | undefined;
    const request: ClientRequest = isTls ? httpsRequest(url, settings) : httpRequest(url, settings);
    request.setTimeout(Math.min(idleTimeoutMs, HEAD_TIMEOUT_MS), () => {
      const silent = new KubeError('kube-timeout', `no word from ${host} for too long (${pathname})`, { fields: { path: pathname } });
      if (head === undefined) request.destroy(silent);
      else head.destroy(silent);
    });
    // Not by the option `signal`: that would bind the connection to it, which later requests share.
    const abort = (): void => void (head ?? request).destroy();
    // It may have been aborted while the credentials were fetched: no event tells of that any more.
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    request.on('close', () => signal?.removeEventListener('abort', abort));
    request.on('response', (response) => {
      head = response;
      // Whoever reads it gets the error; until somebody does, it must not end the process.
      response.on('error', () => undefined);
      response.socket.setTimeout(idleTimeoutMs);
      resolve(response);
    });
    request.on('error', (cause) => reject(connectionError(cause, url, signal)));
    request.end(body);
  });
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return answer;
  const text = await readAll(answer, pathname, MAX_ERROR_BYTES, signal).catch(() => '');
  throw answerError(status, pathname, text, answer.headers['retry-after']);
}

async function readAll(answer: IncomingMessage, path: string, maxBytes: number, signal: AbortSignal | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of readChunks(answer, path, signal)) {
    size += chunk.length;
    if (size > maxBytes) throw new KubeError('kube-bad-answer', `the answer to ${withoutQuery(path)} is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function* readChunks(answer: IncomingMessage, path: string, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of answer) yield chunk as Buffer;
  } catch (cause) {
    if (signal?.aborted === true) throw abortReason(signal);
    if (isKubeError(cause)) throw cause;
    throw new KubeError('kube-unreachable', `the connection broke during the answer to ${withoutQuery(path)} (${reasonOf(cause)})`, {
      cause,
    });
  } finally {
    // An answer that was read to its end leaves the connection to the next request.
    if (!answer.complete) answer.destroy();
  }
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException('aborted', 'AbortError');
}

/** Certificate trouble (node:tls) is told apart, because the way out is another one. */
const IS_CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/;

function connectionError(cause: unknown, url: string, signal: AbortSignal | undefined): Error {
  if (signal?.aborted === true) return abortReason(signal);
  if (isKubeError(cause)) return cause;
  const { host } = new URL(url);
  const reason = reasonOf(cause);
  const advice = IS_CERTIFICATE.test(reason)
    ? 'its certificate is not signed by the authority of the kubeconfig'
    : 'is the cluster up, and is this the right context?';
  return new KubeError('kube-unreachable', `cannot reach the Kubernetes API at ${host} (${reason}): ${advice}`, {
    cause,
    fields: { host },
  });
}

function reasonOf(cause: unknown): string {
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return cause instanceof Error ? cause.message : String(cause);
}
