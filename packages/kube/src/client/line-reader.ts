/** Splits a stream of bytes into lines; memory: one line. A longer one is given as undefined, once, when it ends. */
export async function* readByteLines(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<readonly (string | undefined)[]> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    const lines: (string | undefined)[] = [];
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      const piece = chunk.subarray(start, end);
      size += piece.length;
      lines.push(
        size > maxBytes ? undefined : parts.length === 0 ? piece.toString('utf8') : Buffer.concat([...parts, piece]).toString('utf8'),
      );
      parts = [];
      size = 0;
      start = end + 1;
    }
    if (start < chunk.length) {
      size += chunk.length - start;
      if (size > maxBytes) parts = [];
      else parts.push(chunk.subarray(start));
    }
    if (lines.length > 0) yield lines;
  }
}
