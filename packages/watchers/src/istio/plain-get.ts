import { connect } from 'node:net';
import { createAnswerDecoder } from './answer-decoder.ts';
import type { AnswerHead } from './answer-decoder.ts';

export interface PlainTarget {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

const BUFFER_BYTES = 256 * 1024;
/** Buffers that are kept; as many as there are reads at a time are in use. */
const MAX_FREE_BUFFERS = 16;

export type PlainGet = (
  target: PlainTarget,
  on: { head(head: AnswerHead): void; body(bytes: Buffer): void },
  signal: AbortSignal,
) => Promise<void>;

/**
 * GET over a connection of its own, read into buffers that are used again. A mesh has a gigabyte of statistics in half a
 * minute: Node's HTTP client would make a new buffer of each 64 KiB, which takes four times the processor and 50 MiB of
 * garbage (bench/istio-watch.ts). Bytes are good until `body` returns; what `head` or `body` throw ends the read.
 */
export function createPlainGet(): PlainGet {
  const free: Buffer[] = [];
  return (target, on, signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const buffer = free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
      const decoder = createAnswerDecoder(on);
      let failure: unknown;
      let isWhole = false;
      const take = (bytes: Buffer): void => {
        try {
          isWhole = decoder.push(bytes);
        } catch (error) {
          failure = error;
        }
        if (isWhole || failure !== undefined) socket.destroy();
      };
      const socket = connect({
        host: target.host,
        port: target.port,
        onread: {
          buffer,
          callback: (size, bytes) => {
            if (!socket.destroyed) take(Buffer.from(bytes.buffer, bytes.byteOffset, size));
            return true;
          },
        },
      });
      const abort = (): void => void socket.destroy();
      signal.addEventListener('abort', abort, { once: true });
      socket.on('connect', () => socket.write(requestOf(target)));
      socket.on('error', (error) => (failure ??= error));
      // The other side ended; what it said without a length is whole then.
      socket.on('end', () => {
        try {
          decoder.end();
          isWhole = true;
        } catch (error) {
          failure ??= error;
        }
      });
      socket.on('close', () => {
        signal.removeEventListener('abort', abort);
        if (free.length < MAX_FREE_BUFFERS) free.push(buffer);
        if (failure !== undefined) reject(failure instanceof Error ? failure : new Error('the read failed'));
        else if (isWhole) resolve();
        else reject(signal.aborted ? (signal.reason as Error) : new Error('the answer broke off'));
      });
    });
}

function requestOf({ path, headers }: PlainTarget): string {
  const lines = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}
