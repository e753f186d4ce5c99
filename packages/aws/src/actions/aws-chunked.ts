/** Undoes the framing of `aws-chunked` (`size;chunk-signature=…\r\n data \r\n`) as far as the bytes go. */
export function undoAwsChunked(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) break;
    const size = /^([0-9a-fA-F]{1,8})/.exec(new TextDecoder('latin1').decode(bytes.subarray(at, Math.min(end, at + 16))))?.[1];
    if (size === undefined) break;
    const length = Number.parseInt(size, 16);
    if (length === 0) break;
    parts.push(bytes.subarray(end + 1, end + 1 + length));
    at = end + 1 + length + 2;
  }
  return new Uint8Array(Buffer.concat(parts));
}
