import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Duplex } from 'node:stream';

export type Packing = 'gzip' | 'zstd';

/** How a file's first bytes say that it is packed (RFC 1952 2.3.1, RFC 8878 3.1.1). */
export function packingOf(first: Uint8Array): Packing | undefined {
  if (first[0] === 0x1f && first[1] === 0x8b) return 'gzip';
  return first[0] === 0x28 && first[1] === 0xb5 && first[2] === 0x2f && first[3] === 0xfd ? 'zstd' : undefined;
}

const UNPACK: Readonly<Record<Packing, (options: { chunkSize: number }) => Duplex>> = { gzip: createGunzip, zstd: createZstdDecompress };
const CHUNK_BYTES = 256 * 1024;

/** The bytes, unpacked when their beginning says that they are packed. Memory: a few chunks. Throws what breaks off in the middle. */
export async function* unpacked(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = bytes[Symbol.asyncIterator]();
  // A pipe may hand out its first bytes one by one.
  let first: Uint8Array = new Uint8Array();
  while (first.length < 4) {
    const step = await chunks.next();
    if (step.done === true) break;
    first = Buffer.concat([first, step.value]);
  }
  const whole = (async function* (): AsyncGenerator<Uint8Array> {
    yield first;
    for (let step = await chunks.next(); step.done !== true; step = await chunks.next()) yield step.value;
  })();
  const packing = packingOf(first);
  if (packing === undefined) {
    yield* whole;
    return;
  }
  const plain = UNPACK[packing]({ chunkSize: CHUNK_BYTES });
  // Errors arrive through the iterator; the callback is there so that they do not arrive twice.
  pipeline(Readable.from(whole, { objectMode: false }), plain, () => undefined);
  yield* plain as AsyncIterable<Uint8Array>;
}
