import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

const CONNECTIONS = { keepAlive: true, maxSockets: 4 } as const;

/**
 * A `fetch` that trusts other authorities than Node's own does. `readCa` is asked for each request, because authorities
 * rotate. Only what the API client needs: text bodies and answers.
 */
export function createTlsFetch(readCa: () => Promise<string>): typeof fetch {
  let trusted: { readonly ca: string; readonly agent: Agent } | undefined;
  const currentAgent = async (): Promise<Agent> => {
    const ca = await readCa();
    if (trusted?.ca !== ca) {
      trusted?.agent.destroy();
      trusted = { ca, agent: new Agent({ ...CONNECTIONS, ca }) };
    }
    return trusted.agent;
  };
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = Object.fromEntries(new Headers(init.headers));
    const agent = await currentAgent();
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
    const type = answer.headers['content-type'];
    const retryAfter = answer.headers['retry-after'];
    // As it comes: whoever reads it bounds it.
    return new Response(Readable.toWeb(answer) as ReadableStream<Uint8Array>, {
      status: answer.statusCode ?? 500,
      headers: {
        ...(type === undefined ? {} : { 'content-type': type }),
        ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
      },
    });
  };
}
