/** What a TLS client says first, in the clear (RFC 8446, 4.1.2). */
export interface ClientHello {
  /** Name asked for (RFC 6066), lower case. */
  readonly serverName?: string;
  /** Application protocols offered (RFC 7301). */
  readonly protocols: readonly string[];
}

export type HelloResult = ClientHello | 'more' | 'not-tls';

/** Far more than clients cut it into; each byte that comes has all of them gone through again. */
const MAX_RECORDS = 64;

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;

/** Decodes the ClientHello at the start of a connection, which may span records. Never throws. */
export function decodeClientHello(bytes: Buffer): HelloResult {
  if (bytes.length > 0 && bytes[0] !== HANDSHAKE) return 'not-tls';
  const parts: Buffer[] = [];
  let at = 0;
  let size = 0;
  let wanted = 4;
  while (size < wanted) {
    if (at + 5 > bytes.length) return 'more';
    if (bytes[at] !== HANDSHAKE) return 'not-tls';
    const length = bytes.readUInt16BE(at + 3);
    // Handshake records are never empty (RFC 8446, 5.1).
    if (length === 0 || parts.length >= MAX_RECORDS) return 'not-tls';
    const part = bytes.subarray(at + 5, at + 5 + length);
    parts.push(part);
    size += part.length;
    const head = Buffer.concat(parts.slice(0, 4));
    if (head.length >= 4) {
      if (head[0] !== CLIENT_HELLO) return 'not-tls';
      wanted = 4 + head.readUIntBE(1, 3);
    }
    if (part.length < length && size < wanted) return 'more';
    at += 5 + length;
  }
  return decodeBody(Buffer.concat(parts).subarray(4, wanted));
}

function decodeBody(body: Buffer): ClientHello {
  let serverName: string | undefined;
  const protocols: string[] = [];
  try {
    let at = 34;
    at += 1 + body.readUInt8(at);
    at += 2 + body.readUInt16BE(at);
    at += 1 + body.readUInt8(at);
    const end = at + 2 + body.readUInt16BE(at);
    at += 2;
    while (at + 4 <= Math.min(end, body.length)) {
      const type = body.readUInt16BE(at);
      const data = body.subarray(at + 4, at + 4 + body.readUInt16BE(at + 2));
      at += 4 + data.length;
      if (type === EXTENSION_SERVER_NAME && data.length > 5)
        serverName = data.toString('latin1', 5, 5 + data.readUInt16BE(3)).toLowerCase();
      if (type === EXTENSION_ALPN) {
        for (let item = 2; item < data.length; item += 1 + (data[item] ?? 0))
          protocols.push(data.toString('latin1', item + 1, item + 1 + (data[item] ?? 0)));
      }
    }
  } catch {
    // A hello without extensions, or cut off: what was read counts.
  }
  return { protocols, ...(serverName === undefined || !/^[a-z0-9._-]{1,253}$/.test(serverName) ? {} : { serverName }) };
}
