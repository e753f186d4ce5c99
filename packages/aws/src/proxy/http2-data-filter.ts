/** Length, type, flags, stream (RFC 9113, 4.1). */
const FRAME_HEAD_BYTES = 9;
const TYPE_DATA = 0;
const TYPE_RST_STREAM = 3;
const FLAG_END_STREAM = 1;
/** The client's preface (RFC 9113, 3.4). */
const PREFACE_BYTES = 24;

export interface Http2DataFilter {
  /** What of the client's bytes is to be read; a body beyond the bound is left out, its end kept. */
  push(chunk: Buffer): Buffer[];
  /** Streams followed. */
  readonly size: number;
}

/**
 * Leaves DATA frames out of a copy of a client's HTTP/2 bytes once their stream has shown `maxBodyBytes`: a large upload then costs its
 * reader nine bytes a frame. A frame that ends its stream stays, emptied. At most `maxStreams` are counted; further ones pass whole.
 */
export function createHttp2DataFilter(options: { readonly maxBodyBytes: number; readonly maxStreams: number }): Http2DataFilter {
  const seen = new Map<number, number>();
  let head = Buffer.alloc(0);
  let preface = PREFACE_BYTES;
  let left = 0;
  let isKept = true;

  function begin(frame: Buffer, out: Buffer[]): void {
    left = frame.readUIntBE(0, 3);
    const [type, flags] = [frame[3] ?? 0, frame[4] ?? 0];
    const stream = frame.readUInt32BE(5) & 0x7fffffff;
    const known = seen.get(stream) ?? 0;
    isKept = type !== TYPE_DATA || known < options.maxBodyBytes;
    const isEnd = type === TYPE_RST_STREAM || (type === TYPE_DATA && (flags & FLAG_END_STREAM) !== 0);
    if (isEnd) seen.delete(stream);
    else if (type === TYPE_DATA && (seen.has(stream) || seen.size < options.maxStreams)) seen.set(stream, known + left);
    if (isKept) out.push(frame);
    else if (isEnd) {
      const empty = Buffer.from(frame);
      empty.writeUIntBE(0, 0, 3);
      empty[4] = FLAG_END_STREAM;
      out.push(empty);
    }
  }

  return {
    get size(): number {
      return seen.size;
    },
    push(chunk): Buffer[] {
      const out: Buffer[] = [];
      let at = 0;
      while (at < chunk.length) {
        if (preface > 0) {
          const part = chunk.subarray(at, at + preface);
          out.push(Buffer.from(part));
          preface -= part.length;
          at += part.length;
        } else if (left > 0) {
          const part = chunk.subarray(at, at + left);
          if (isKept) out.push(Buffer.from(part));
          left -= part.length;
          at += part.length;
        } else {
          const part = chunk.subarray(at, at + FRAME_HEAD_BYTES - head.length);
          head = Buffer.concat([head, part]);
          at += part.length;
          if (head.length < FRAME_HEAD_BYTES) break;
          begin(head, out);
          head = Buffer.alloc(0);
        }
      }
      return out;
    },
  };
}
