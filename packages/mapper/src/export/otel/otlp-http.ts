import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as requestByTls } from 'node:https';
import { OtlpError, pack, PASSING_STATUSES, readAnswer } from './otlp-connection.ts';
import type { OtlpConnection, OtlpTarget } from './otlp-connection.ts';

const ONE_CONNECTION = { keepAlive: true, maxSockets: 1 } as const;

/** OTLP/HTTP with binary protobuf (OTLP specification). */
export function openHttp({ url, headers, isGzip, tls }: OtlpTarget): OtlpConnection {
  const isTls = url.protocol === 'https:';
  const agent = isTls ? new TlsAgent({ ...ONE_CONNECTION, ...tls }) : new Agent(ONE_CONNECTION);
  return {
    async post(message, signal) {
      const body = isGzip ? await pack(message) : message;
      const sent = (isTls ? requestByTls : request)(url, {
        agent,
        method: 'POST',
        signal,
        headers: {
          'user-agent': 'network-mapper',
          ...headers,
          'content-type': 'application/x-protobuf',
          'content-length': body.length,
          ...(isGzip && { 'content-encoding': 'gzip' }),
        },
      });
      // An error after the answer began comes by the answer, too.
      sent.on('error', () => undefined);
      sent.end(body);
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      const read = await readAnswer(answer);
      const status = answer.statusCode ?? 0;
      if (status >= 200 && status < 300) return read;
      throw new OtlpError(
        `the receiver answered with status ${status}`,
        PASSING_STATUSES.includes(status),
        toAfterMs(answer.headers['retry-after']),
      );
    },
    close: () => agent.destroy(),
  };
}

/** Retry-After in its form of seconds (RFC 9110, 10.2.3). */
function toAfterMs(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) * 1_000 : undefined;
}
