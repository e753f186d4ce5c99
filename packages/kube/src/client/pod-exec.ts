import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import type { KubeClient } from './kube-client.ts';
import { answerError, isKubeError, KubeError } from './kube-error.ts';
import { createFrameDecoder, encodeFrame, OPCODE } from './web-socket-frame.ts';

/** A command in a running container. */
export interface ExecTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly command: readonly string[];
}

/** Channels of the subprotocol v4.channel.k8s.io: the first byte of every message. */
const CHANNEL = { stdout: 1, stderr: 2, status: 3 } as const;
const PROTOCOL = 'v4.channel.k8s.io';
/** What a command says about its failure goes into a message; more would not help. */
const MAX_WORDS = 500;
const MAX_STATUS_BYTES = 64 * 1024;

/**
 * Runs a command in a container and gives its standard output as it comes, no faster than it is read (pods/exec over a
 * WebSocket). Throws KubeError: `exec-failed` when the command cannot be run or fails, else as any request.
 */
export async function* execInPod(
  client: KubeClient,
  target: ExecTarget,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<Buffer> {
  const { signal } = options;
  signal?.throwIfAborted();
  const { socket, head } = await connect(client, target, signal);
  const abort = (): void => void socket.destroy();
  signal?.addEventListener('abort', abort, { once: true });
  const decoder = createFrameDecoder();
  let status = '';
  let words = '';
  let channel = 0;
  let isClosed = false;
  try {
    if (head.length > 0) socket.unshift(head);
    for await (const chunk of socket) {
      for (const { opcode, payload } of decoder.push(chunk as Buffer)) {
        if (opcode === OPCODE.ping) socket.write(encodeFrame(OPCODE.pong, payload.subarray(0, 125), randomBytes(4)));
        if (opcode === OPCODE.close) isClosed = true;
        const begins = opcode === OPCODE.binary || opcode === OPCODE.text;
        if (!begins && opcode !== OPCODE.continuation) continue;
        if (begins) channel = payload[0] ?? 0;
        const data = begins ? payload.subarray(1) : payload;
        if (channel === CHANNEL.stdout && data.length > 0) yield data;
        else if (channel === CHANNEL.stderr) words = (words + data.toString('utf8')).slice(0, MAX_WORDS);
        else if (channel === CHANNEL.status && status.length < MAX_STATUS_BYTES) status += data.toString('utf8');
      }
      if (isClosed) break;
    }
  } catch (cause) {
    if (signal?.aborted === true) throw abortReason(signal);
    if (isKubeError(cause)) throw cause;
    throw failure(target, `the connection broke (${(cause as Error).message})`, cause);
  } finally {
    signal?.removeEventListener('abort', abort);
    socket.destroy();
  }
  if (signal?.aborted === true) throw abortReason(signal);
  const trouble = troubleOf(status);
  if (trouble !== undefined) throw failure(target, words.trim() === '' ? trouble : words.trim());
}

/** Asks for a WebSocket; a refusal is an answer like any other. */
async function connect(
  client: KubeClient,
  target: ExecTarget,
  signal: AbortSignal | undefined,
): Promise<{ readonly socket: Duplex; readonly head: Buffer }> {
  const query = new URLSearchParams({ container: target.container, stdout: 'true', stderr: 'true' });
  for (const word of target.command) query.append('command', word);
  const path = `/api/v1/namespaces/${encodeURIComponent(target.namespace)}/pods/${encodeURIComponent(target.pod)}/exec`;
  const url = `${client.transport.baseUrl}${path}?${query.toString()}`;
  const auth = await client.transport.options();
  const settings: RequestOptions = {
    ...auth,
    // A connection that became a WebSocket is no request's any more.
    ...(auth.agent === undefined ? { agent: false } : {}),
    headers: {
      ...auth.headers,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      'Sec-WebSocket-Protocol': PROTOCOL,
    },
    ...(signal === undefined ? {} : { signal }),
  };
  return new Promise((resolve, reject) => {
    const request: ClientRequest = url.startsWith('https:') ? httpsRequest(url, settings) : httpRequest(url, settings);
    request.on('upgrade', (_answer, socket, head) => resolve({ socket, head }));
    request.on('response', (answer) => void refusal(answer, path).then(reject, reject));
    request.on('error', (cause) => {
      reject(
        signal?.aborted === true
          ? abortReason(signal)
          : new KubeError('kube-unreachable', `cannot reach the Kubernetes API (${cause.message})`, { cause }),
      );
    });
    request.end();
  });
}

async function refusal(answer: IncomingMessage, path: string): Promise<KubeError> {
  let text = '';
  for await (const chunk of answer) if (text.length < MAX_STATUS_BYTES) text += String(chunk);
  return answerError(answer.statusCode ?? 0, path, text);
}

/** The kubelet ends with a Status (meta/v1); without one the connection ended before the command did. */
function troubleOf(status: string): string | undefined {
  try {
    const { status: outcome, message } = JSON.parse(status) as { readonly status?: unknown; readonly message?: unknown };
    if (outcome === 'Success') return undefined;
    return typeof message === 'string' ? message.slice(0, MAX_WORDS) : 'it failed';
  } catch {
    return status === '' ? 'the connection ended before the command did' : status.slice(0, MAX_WORDS);
  }
}

function failure(target: ExecTarget, reason: string, cause?: unknown): KubeError {
  return new KubeError(
    'exec-failed',
    `${target.command[0] ?? ''} in pod ${target.namespace}/${target.pod}, container ${target.container}: ${reason}`,
    {
      fields: { namespace: target.namespace, pod: target.pod, container: target.container },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException('aborted', 'AbortError');
}
