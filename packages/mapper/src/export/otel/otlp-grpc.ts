import { connect } from 'node:http2';
import type { IncomingHttpHeaders } from 'node:http2';
import { OtlpError, pack, PASSING_STATUSES, readAnswer } from './otlp-connection.ts';
import type { OtlpConnection, OtlpTarget } from './otlp-connection.ts';

const PATH = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
/** Compressed flag and length before each message (gRPC over HTTP2, Length-Prefixed-Message). */
const PREFIX_BYTES = 5;
/** CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS (OTLP specification, Failures of gRPC). */
const PASSING_CODES = new Set([1, 4, 10, 11, 14, 15]);
const MAX_REASON_LENGTH = 200;

/** OTLP/gRPC: unary calls over HTTP/2 (gRPC over HTTP2 specification). */
export function openGrpc({ url, headers, isGzip, tls }: OtlpTarget): OtlpConnection {
  const session = connect(url.origin, tls);
  // Calls that it breaks fail by themselves.
  session.on('error', () => undefined);
  return {
    async post(message, signal) {
      const body = isGzip ? await pack(message) : message;
      const stream = session.request(
        {
          'user-agent': 'network-mapper',
          ...headers,
          ':method': 'POST',
          ':path': PATH,
          'content-type': 'application/grpc',
          te: 'trailers',
          ...(isGzip && { 'grpc-encoding': 'gzip' }),
        },
        { signal },
      );
      let first: IncomingHttpHeaders = {};
      let last: IncomingHttpHeaders = {};
      stream.on('response', (received) => (first = received));
      stream.on('trailers', (received) => (last = received));
      const prefix = Buffer.alloc(PREFIX_BYTES);
      prefix[0] = isGzip ? 1 : 0;
      prefix.writeUInt32BE(body.length, 1);
      stream.write(prefix);
      stream.end(body);
      const read = await readAnswer(stream).catch((error: unknown) => {
        throw causeOf(error);
      });
      // A call that fails at once has its status in the only headers (Trailers-Only).
      check(Number(first[':status'] ?? 0), { ...first, ...last });
      return read.subarray(PREFIX_BYTES);
    },
    close: () => session.destroy(),
  };
}

/** A call that its connection took along says only that; why is in its cause. */
function causeOf(error: unknown): unknown {
  const { code, cause } = error as NodeJS.ErrnoException;
  return code === 'ERR_HTTP2_STREAM_CANCEL' && cause !== undefined ? cause : error;
}

/** @throws OtlpError unless the call succeeded */
function check(httpStatus: number, headers: IncomingHttpHeaders): void {
  const code = headers['grpc-status'];
  if (code === '0') return;
  if (code === undefined)
    throw new OtlpError(`the receiver answered with status ${httpStatus}, not by gRPC`, PASSING_STATUSES.includes(httpStatus));
  const reason = String(headers['grpc-message'] ?? '').slice(0, MAX_REASON_LENGTH);
  throw new OtlpError(
    `the receiver answered with gRPC status ${String(code)}${reason === '' ? '' : `: ${reason}`}`,
    PASSING_CODES.has(Number(code)),
  );
}
