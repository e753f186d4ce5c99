import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createSecureServer, createServer as createHttp2Server } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { decodeExport } from './decode-otlp.ts';
import type { ReceivedExport } from './decode-otlp.ts';

/** What a receiver says to one request; without anything, that it took all. */
export interface ReceiverAnswer {
  /** HTTP status. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** gRPC status. */
  readonly grpcStatus?: number;
  /** An ExportMetricsServiceResponse. */
  readonly message?: Buffer;
}

/** Key and certificate, PEM. */
export interface ReceiverTls {
  readonly key: string;
  readonly cert: string;
}

/** A receiver of OTLP metrics as the specification describes it, that keeps what came. */
export interface OtlpReceiver {
  readonly url: string;
  readonly exports: ReceivedExport[];
  readonly headers: Readonly<Record<string, unknown>>[];
  stop(): Promise<void>;
}

/** OTLP/HTTP with binary protobuf: POST /v1/metrics. */
export async function startHttpReceiver(answer: () => ReceiverAnswer = () => ({}), tls?: ReceiverTls): Promise<OtlpReceiver> {
  const exports: ReceivedExport[] = [];
  const headers: Record<string, unknown>[] = [];
  const take: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const isExport =
        request.method === 'POST' && request.url === '/v1/metrics' && request.headers['content-type'] === 'application/x-protobuf';
      const { status = 200, headers: more, message } = isExport ? answer() : { status: 404 };
      if (status === 200) {
        const body = Buffer.concat(chunks);
        exports.push(decodeExport(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body));
        headers.push(request.headers);
      }
      response.writeHead(status, { 'content-type': 'application/x-protobuf', ...more }).end(message);
    });
  };
  const server = tls === undefined ? createServer(take) : createTlsServer(tls, take);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exports,
    headers,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const SERVICE = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
/** Compressed flag and length before each message (gRPC over HTTP2, Length-Prefixed-Message). */
const PREFIX_BYTES = 5;

/** OTLP/gRPC over HTTP/2. */
export async function startGrpcReceiver(answer: () => ReceiverAnswer = () => ({}), tls?: ReceiverTls): Promise<OtlpReceiver> {
  const exports: ReceivedExport[] = [];
  const headers: Record<string, unknown>[] = [];
  const server = tls === undefined ? createHttp2Server() : createSecureServer(tls);
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, sent) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const body = Buffer.concat(chunks);
      const message = body.subarray(PREFIX_BYTES, PREFIX_BYTES + body.readUInt32BE(1));
      const isExport = sent[':path'] === SERVICE;
      const { status = 200, grpcStatus = 0, message: answered = Buffer.alloc(0) } = isExport ? answer() : { grpcStatus: 12 };
      if (grpcStatus === 0 && status === 200) {
        exports.push(decodeExport(body[0] === 1 ? gunzipSync(message) : message));
        headers.push(sent);
      }
      const head = { ':status': status, 'content-type': 'application/grpc' };
      if (status !== 200 || grpcStatus !== 0) {
        stream.respond(
          { ...head, ...(status === 200 && { 'grpc-status': String(grpcStatus), 'grpc-message': 'said so' }) },
          { endStream: true },
        );
        return;
      }
      stream.respond(head, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      const prefix = Buffer.alloc(PREFIX_BYTES);
      prefix.writeUInt32BE(answered.length, 1);
      stream.end(Buffer.concat([prefix, answered]));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exports,
    headers,
    async stop() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
