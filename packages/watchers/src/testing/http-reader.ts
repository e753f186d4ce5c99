import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { KubeReader } from '../kube/kube-reader.ts';

/** A KubeReader on plain HTTP for tests; errors have the status in `fields`, as those of the package kube. */
export function createHttpReader(baseUrl: string): KubeReader {
  async function get(path: string, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(baseUrl + path, signal === undefined ? {} : { signal }, resolve);
      sent.on('error', reject);
      sent.end();
    });
    if (answer.statusCode === 200) return answer;
    answer.resume();
    throw Object.assign(new Error(`status ${answer.statusCode}`), { fields: { status: answer.statusCode } });
  }
  return {
    async request(path, options = {}) {
      const chunks: Buffer[] = [];
      for await (const chunk of await get(path, options.signal)) chunks.push(chunk as Buffer);
      return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
    },
    async stream(path, options = {}) {
      return get(path, options.signal) as Promise<AsyncIterable<Uint8Array>>;
    },
  };
}
