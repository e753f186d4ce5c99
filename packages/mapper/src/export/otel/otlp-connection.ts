import { gzip } from 'node:zlib';
import { promisify } from 'node:util';

/** A connection to a receiver for the requests of one export, one after the other. */
export interface OtlpConnection {
  /** Sends a message; resolves to the message of the answer. @throws OtlpError if the receiver refused, Error if it was not reached */
  post(message: Buffer, signal: AbortSignal): Promise<Buffer>;
  close(): void;
}

/** What a connection is made of. */
export interface OtlpTarget {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly isGzip: boolean;
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
}

/** A receiver's refusal. */
export class OtlpError extends Error {
  /** Whether the same request may succeed a little later. */
  readonly isPassing: boolean;
  readonly afterMs: number | undefined;

  constructor(message: string, isPassing: boolean, afterMs?: number) {
    super(message);
    this.isPassing = isPassing;
    this.afterMs = afterMs;
  }
}

export const pack: (bytes: Buffer) => Promise<Buffer> = promisify(gzip);

/** Status codes after which a request may be sent again (OTLP specification, Retryable Response Codes). */
export const PASSING_STATUSES: readonly number[] = [429, 502, 503, 504];

/** An answer has a few bytes, and at most a sentence about what was not taken. */
const MAX_ANSWER_BYTES = 65_536;

/** Reads an answer to its end; of a longer one only the begin. */
export async function readAnswer(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const read: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    if (bytes >= MAX_ANSWER_BYTES) continue;
    read.push(chunk);
    bytes += chunk.length;
  }
  return Buffer.concat(read);
}
