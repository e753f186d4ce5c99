import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';

/** A `fetch` that trusts one more authority; Node's own takes none. Only what the API client needs: text bodies and answers. */
export function createTlsFetch(ca: string): typeof fetch {
  const agent = new Agent({ ca, keepAlive: true, maxSockets: 4 });
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = Object.fromEntries(new Headers(init.headers));
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(
        url,
        {
          agent,
          method: init.method ?? 'GET',
          headers,
          ...(init.signal === null || init.signal === undefined ? {} : { signal: init.signal }),
        },
        resolve,
      );
      sent.on('error', reject);
      sent.end(init.body ?? undefined);
    });
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    const type = answer.headers['content-type'];
    const retryAfter = answer.headers['retry-after'];
    return new Response(Buffer.concat(chunks), {
      status: answer.statusCode ?? 500,
      headers: {
        ...(type === undefined ? {} : { 'content-type': type }),
        ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
      },
    });
  };
}
