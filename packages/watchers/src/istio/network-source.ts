import { request as httpRequest, Agent } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import { createGunzip } from 'node:zlib';
import { AppError } from '@nm/core';
import { STATISTICS_PATH } from './proxy-reader.ts';
import type { ProxyReadError, ProxySource } from './proxy-reader.ts';

/** How the ports of statistics are to be reached by TLS. */
export interface ProxyTls {
  /** PEM text of the authority that signed the proxies' certificates; Node's own authorities without it. */
  readonly ca?: string;
  /** Anybody's certificate will do. */
  readonly insecure?: boolean;
}

/**
 * Asks the first port that answers, over the pod network. With TLS the authority is checked, the name is not: a proxy's
 * certificate names its workload (a SPIFFE URI), we know its pod's address.
 */
export function createNetworkSource(tls?: ProxyTls): ProxySource {
  // Connections are not kept: each proxy is asked once in half a minute, and sidecars of hundreds of pods would add up.
  const agent =
    tls === undefined
      ? new Agent({ keepAlive: false })
      : new TlsAgent({
          keepAlive: false,
          rejectUnauthorized: tls.insecure !== true,
          checkServerIdentity: () => undefined,
          ...(tls.ca === undefined ? {} : { ca: tls.ca }),
        });

  async function ask(address: string, port: number, signal: AbortSignal): Promise<IncomingMessage> {
    const send = tls === undefined ? httpRequest : httpsRequest;
    const host = address.includes(':') ? `[${address}]` : address;
    const headers = { host: `${host}:${port}`, accept: 'text/plain', 'accept-encoding': 'identity' };
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = send({ agent, host: address, port, path: STATISTICS_PATH, signal, headers }, resolve);
      sent.on('error', reject);
      sent.end();
    });
    if (answer.statusCode === 200) return answer;
    answer.resume();
    throw new AppError<ProxyReadError>(
      'proxy-refused',
      answer.statusCode === 403
        ? `The proxy at ${host}:${port} shows its statistics to its own pod only (METRICS_LOCALHOST_ACCESS_ONLY): allow the pod network, or set --read-by exec.`
        : `The proxy at ${host}:${port} answered ${answer.statusCode} to ${STATISTICS_PATH.split('?', 1)[0]}.`,
      { fields: { address, port, status: answer.statusCode } },
    );
  }

  async function askFirst(address: string, ports: readonly number[], signal: AbortSignal): Promise<IncomingMessage> {
    let failure: unknown;
    for (const port of ports) {
      try {
        return await ask(address, port, signal);
      } catch (error) {
        // A port that refuses says more than one where nobody listens.
        if (failure === undefined || error instanceof AppError) failure = error;
        if (signal.aborted) break;
      }
    }
    throw failure;
  }

  return {
    async *open(proxy, signal): AsyncGenerator<Uint8Array> {
      const answer = await askFirst(proxy.address, proxy.ports, signal);
      try {
        yield* decoded(answer);
      } finally {
        answer.destroy();
      }
    },
    close: () => agent.destroy(),
  };
}

async function* decoded(answer: IncomingMessage): AsyncGenerator<Uint8Array> {
  if (answer.headers['content-encoding'] !== 'gzip') {
    for await (const chunk of answer) yield chunk as Buffer;
    return;
  }
  const gunzip = createGunzip();
  answer.on('error', (error) => gunzip.destroy(error));
  answer.pipe(gunzip);
  for await (const chunk of gunzip) yield chunk as Buffer;
}
