import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { decodeExport } from './decode-otlp.ts';
import type { ReceivedExport } from './decode-otlp.ts';

/** A receiver of OTLP metrics as the specification describes it, that keeps what came. */
export interface OtlpReceiver {
  readonly url: string;
  readonly exports: ReceivedExport[];
  readonly headers: Readonly<Record<string, unknown>>[];
  stop(): Promise<void>;
}

/** OTLP/HTTP with binary protobuf: POST /v1/metrics. `answer` is the status of each request. */
export async function startHttpReceiver(answer: () => number = () => 200): Promise<OtlpReceiver> {
  const exports: ReceivedExport[] = [];
  const headers: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const isExport =
        request.method === 'POST' && request.url === '/v1/metrics' && request.headers['content-type'] === 'application/x-protobuf';
      const status = isExport ? answer() : 404;
      if (status === 200) {
        const body = Buffer.concat(chunks);
        exports.push(decodeExport(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body));
        headers.push(request.headers);
      }
      response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
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

/** OTLP/gRPC over plain HTTP/2. */
export async function startGrpcReceiver(): Promise<OtlpReceiver> {
  const exports: ReceivedExport[] = [];
  const headers: Record<string, unknown>[] = [];
  const server = createHttp2Server();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, sent) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const body = Buffer.concat(chunks);
      const message = body.subarray(PREFIX_BYTES, PREFIX_BYTES + body.readUInt32BE(1));
      const isExport = sent[':path'] === SERVICE;
      if (isExport) {
        exports.push(decodeExport(body[0] === 1 ? gunzipSync(message) : message));
        headers.push(sent);
      }
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': isExport ? '0' : '12' }));
      stream.end(Buffer.alloc(PREFIX_BYTES));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exports,
    headers,
    async stop() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
