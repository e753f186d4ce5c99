import { createHash, X509Certificate } from 'node:crypto';

const MAGIC = 0xfeedfeed;
const VERSION = 2;
const TRUSTED_CERTIFICATE = 2;
/** What the file's digest is made with besides the password (sun.security.provider.JavaKeyStore). */
const SALT = 'Mighty Aphrodite';

/** Java's own default: a trust store holds nothing secret, its password only tells that it is whole. */
export const TRUST_STORE_PASSWORD = 'changeit';

/**
 * A Java trust store (JKS, which every JVM reads) of certificates in PEM: a head, an entry each with alias, time and certificate,
 * and the SHA-1 of the password and all that.
 */
export function encodeJks(certificates: readonly string[], madeAt: number): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32BE(MAGIC, 0);
  head.writeUInt32BE(VERSION, 4);
  head.writeUInt32BE(certificates.length, 8);
  const body = Buffer.concat([head, ...certificates.map((pem, index) => encodeEntry(`ca-${index}`, pem, madeAt))]);
  const password = Buffer.from(TRUST_STORE_PASSWORD, 'utf16le').swap16();
  const digest = createHash('sha1').update(password).update(SALT).update(body).digest();
  return Buffer.concat([body, digest]);
}

function encodeEntry(alias: string, pem: string, madeAt: number): Buffer {
  const { raw } = new X509Certificate(pem);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(TRUSTED_CERTIFICATE, 0);
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(madeAt), 0);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(raw.length, 0);
  return Buffer.concat([head, encodeText(alias), time, encodeText('X.509'), length, raw]);
}

/** Two bytes of length, then the text (java.io.DataOutput.writeUTF; ours is ASCII). */
function encodeText(text: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length, 0);
  return Buffer.concat([length, Buffer.from(text, 'latin1')]);
}
