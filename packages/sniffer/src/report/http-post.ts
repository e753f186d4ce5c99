import { readFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import type { AgentOptions } from 'node:http';
import type { HttpAnswer } from './report-protocol.ts';

/** Sends one request and reads its answer; rejects when there is none. */
export type Post = (body: Uint8Array, signal: AbortSignal) => Promise<HttpAnswer>;

export interface PostOptions {
  readonly url: string;
  readonly timeoutMs: number;
  /** Until there is a connection: one to the address of a pod that is gone answers nothing, and the next one leads elsewhere. */
  readonly connectTimeoutMs: number;
  /** File with a bearer token; read for each request, because tokens rotate. */
  readonly tokenFile?: string;
  /** PEM file of the authorities that may have signed the mapper's certificate; read for each request, because they rotate. */
  readonly caFile?: string;
}

/** Answers are short; more than this is not a mapper. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** POST of gzip-compressed JSON over one kept connection. node:http, because fetch costs 10 MB of memory more. */
export async function createPost(options: PostOptions): Promise<{ readonly post: Post; readonly close: () => void }> {
  const url = new URL(options.url);
  const settings = { keepAlive: true, maxSockets: 1, timeout: options.timeoutMs };
  const { agents, send } = url.protocol === 'https:' ? await secure(settings, options.caFile) : plain(settings);

  const post: Post = async (body, signal) => {
    const headers: Record<string, string | number> = {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      'content-length': body.length,
      accept: 'application/json',
    };
    if (options.tokenFile !== undefined) headers['authorization'] = `Bearer ${readFileSync(options.tokenFile, 'utf8').trim()}`;
    return new Promise<HttpAnswer>((resolve, reject) => {
      const request = send(url, { method: 'POST', agent: agents.current(), headers, signal }, (response) => {
        const pieces: Buffer[] = [];
        let length = 0;
        response.on('data', (piece: Buffer) => {
          length += piece.length;
          if (length > MAX_ANSWER_BYTES) response.destroy(new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`));
          else pieces.push(piece);
        });
        response.on('error', reject);
        response.on('end', () => {
          const { 'retry-after': retryAfter } = response.headers;
          resolve({ status: response.statusCode ?? 0, retryAfter, body: Buffer.concat(pieces).toString('utf8') });
        });
      });
      const limit = setTimeout(() => request.destroy(new Error(`no answer within ${options.timeoutMs} ms`)), options.timeoutMs);
      request.on('error', reject);
      request.on('close', () => clearTimeout(limit));
      request.on('socket', (socket) => {
        if (!socket.connecting) return;
        const late = new Error(`no connection within ${options.connectTimeoutMs} ms`);
        const timer = setTimeout(() => request.destroy(late), options.connectTimeoutMs);
        const settle = (): void => clearTimeout(timer);
        socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', settle).once('close', settle);
      });
      request.end(body);
    });
  };
  return { post, close: () => agents.close() };
}

interface Transport {
  readonly agents: { readonly current: () => Agent; readonly close: () => void };
  readonly send: typeof httpRequest;
}

function plain(settings: AgentOptions): Transport {
  const agent = new Agent(settings);
  return { agents: { current: () => agent, close: () => agent.destroy() }, send: httpRequest };
}

/** Loaded only where it is used: TLS costs 5 MB. */
async function secure(settings: AgentOptions, caFile: string | undefined): Promise<Transport> {
  const tls = await import('node:https');
  let trusted: Buffer | undefined;
  let agent = new tls.Agent(settings);
  const current = (): Agent => {
    const ca = caFile === undefined ? undefined : readFileSync(caFile);
    if (ca === undefined || (trusted !== undefined && ca.equals(trusted))) return agent;
    agent.destroy();
    trusted = ca;
    agent = new tls.Agent({ ...settings, ca });
    return agent;
  };
  return { agents: { current, close: () => agent.destroy() }, send: tls.request };
}
