import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Newcomers } from './newcomers.ts';
import type { ReportGate } from '../ingest/report-gate.ts';

const gunzipAsync = promisify<Buffer, { maxOutputLength: number; chunkSize: number }, Buffer>(gunzip);

/** Bytes that are unpacked at once: each time goes through a thread of the pool and back. */
const MIN_PIECE_BYTES = 1_024;
const MAX_PIECE_BYTES = 128 * 1_024;
/** The trailer: 4 bytes of checksum, 4 of the size of what was packed (RFC 1952, 2.3.1). */
const SIZE_BYTES = 4;

/** Why a body cannot be had, as an HTTP answer. */
export interface BodyProblem {
  readonly status: 400 | 413 | 415 | 503;
  readonly message: string;
  /** Of a 503. */
  readonly retryAfterSeconds?: number;
}

/** Gates for what will be stored: packed reports of our own reporters, and those of others, which come as they are. */
export interface ReportGates {
  readonly packed: ReportGate;
  readonly plain: ReportGate;
}

/** Reports below it are few observations. */
const LARGE_BYTES = 8 * 1_024;

/** Bytes of bodies that are in work together; whoever takes some gives them back. */
export interface ByteBudget {
  readonly used: number;
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export function createByteBudget(maxBytes: number): ByteBudget {
  let used = 0;
  return {
    get used() {
      return used;
    },
    take(bytes) {
      if (used + bytes > maxBytes) return false;
      used += bytes;
      return true;
    },
    give(bytes) {
      used -= bytes;
    },
  };
}

/**
 * Reads a request's body, decompressed, of at most `maxBytes` before and after, within the budget. `use` gets its text;
 * the bytes count as in work until its promise is settled. A gate is asked when the body is there as it came, with the bytes
 * that came: neither what a sender says nor how slowly it sends may keep the others out.
 */
export async function withBody<T>(
  request: IncomingMessage,
  limits: { readonly maxBytes: number; readonly budget: ByteBudget; readonly gates: ReportGates; readonly newcomers: Newcomers },
  use: (text: string) => Promise<T>,
): Promise<T | BodyProblem> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip')
    return { status: 415, message: `content-encoding ${encoding} is not read here: gzip or none` };
  const tooLarge: BodyProblem = { status: 413, message: `the body is larger than ${limits.maxBytes} bytes` };
  const busy: BodyProblem = { status: 503, message: 'too many requests are in work; try again' };
  const later: BodyProblem = { status: 503, message: 'the mapper is busy storing reports; send this one again' };
  if (Number(request.headers['content-length'] ?? 0) > limits.maxBytes) return tooLarge;

  let taken = 0;
  let entered: ReportGate | undefined;
  let length = 0;
  const take = (bytes: number): boolean => {
    if (!limits.budget.take(bytes)) return false;
    taken += bytes;
    return true;
  };
  try {
    let body = await readPieces(request, (bytes) => {
      length += bytes;
      if (length > limits.maxBytes) return tooLarge;
      return take(bytes) ? undefined : busy;
    });
    if (!Buffer.isBuffer(body)) return body;
    const gate = encoding === 'gzip' ? limits.gates.packed : isLargeMutation(body) ? limits.gates.plain : undefined;
    // Unpacking and parsing what will be refused would keep the mapper as busy as storing it.
    if (gate !== undefined && !(await gate.enter(length))) return { ...later, retryAfterSeconds: gate.comeBackAfter(length) };
    entered = gate;
    if (gate !== undefined) await limits.newcomers.allIn();
    if (encoding === 'gzip') {
      const plain = await decompress(body, limits.maxBytes);
      if (!Buffer.isBuffer(plain)) return plain;
      if (!take(plain.length)) return busy;
      body = plain;
    }
    return await use(body.toString('utf8'));
  } finally {
    entered?.leave(length);
    limits.budget.give(taken);
  }
}

/** By itself, because whoever waits at a gate would hold the pieces as well as the whole. @param check why to stop */
async function readPieces(request: IncomingMessage, check: (bytes: number) => BodyProblem | undefined): Promise<Buffer | BodyProblem> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) {
    const problem = check(piece.length);
    if (problem !== undefined) return problem;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Told apart before it is parsed, which is what takes the time and the memory. */
function isLargeMutation(body: Buffer): boolean {
  return body.length >= LARGE_BYTES && body.includes('mutation');
}

export function isBodyProblem(value: unknown): value is BodyProblem {
  return typeof value === 'object' && value !== null && 'status' in value && 'message' in value;
}

async function decompress(body: Buffer, maxBytes: number): Promise<Buffer | BodyProblem> {
  try {
    return await gunzipAsync(body, { maxOutputLength: maxBytes, chunkSize: pieceBytes(body) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      return { status: 413, message: `the body is larger than ${maxBytes} bytes after decompression` };
    }
    return { status: 400, message: 'the body is not gzip, although content-encoding says so' };
  }
}

/** One piece where the trailer is right and the body no larger; whatever it says, a piece is no larger than its bound. */
function pieceBytes(body: Buffer): number {
  const said = body.length < SIZE_BYTES ? 0 : body.readUInt32LE(body.length - SIZE_BYTES);
  // A piece that is filled to its last byte is followed by another one.
  return Math.min(Math.max(said + 1, MIN_PIECE_BYTES), MAX_PIECE_BYTES);
}
