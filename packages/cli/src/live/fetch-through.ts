import { request as httpRequest } from 'node:http';
import type { Agent, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/** `fetch` whose connections an agent makes; plain HTTP, as much of it as the API client uses. */
export function fetchThrough(agent: Agent): typeof fetch {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const signal = init.signal ?? undefined;
    signal?.throwIfAborted();
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = httpRequest(url, { agent, method: init.method ?? 'GET', headers: Object.fromEntries(new Headers(init.headers)) });
      // Not by the option `signal`: that would bind the shared connection to it.
      const abort = (): void => void sent.destroy(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      signal?.addEventListener('abort', abort, { once: true });
      sent.once('close', () => signal?.removeEventListener('abort', abort));
      sent.once('response', resolve);
      sent.once('error', reject);
      sent.end(init.body ?? undefined);
    });
    const headers = new Headers();
    for (const [name, value] of Object.entries(answer.headers)) headers.set(name, Array.isArray(value) ? value.join(', ') : (value ?? ''));
    return new Response(Readable.toWeb(answer) as ReadableStream<Uint8Array<ArrayBuffer>>, { status: answer.statusCode ?? 0, headers });
  };
}
