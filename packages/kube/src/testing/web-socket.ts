import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** RFC 6455 section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const DATA_CHANNEL = 0;
const ERROR_CHANNEL = 1;
const STDOUT_CHANNEL = 1;
const STDERR_CHANNEL = 2;
const STATUS_CHANNEL = 3;

/** What a command in a container does: its output, and how it ends. */
export interface ExecOutcome {
  readonly stdout: AsyncIterable<Buffer> | Iterable<Buffer>;
  readonly stderr?: string;
  /** Status of meta/v1; a command that ends well has `{ status: 'Success' }`. Undefined: the connection just ends. */
  readonly status?: object;
}

/** The server's side of an exec over a WebSocket (subprotocol v4.channel.k8s.io). */
export async function serveExec(request: IncomingMessage, socket: Duplex, outcome: ExecOutcome): Promise<void> {
  accept(request, socket);
  socket.on('error', () => undefined);
  socket.resume();
  const send = async (channel: number, data: Buffer): Promise<void> => {
    if (!socket.write(frame(BINARY, Buffer.concat([Buffer.from([channel]), data])))) {
      await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve));
    }
  };
  socket.write(frame(PING, Buffer.from('?')));
  for await (const chunk of outcome.stdout) {
    if (socket.destroyed) return;
    await send(STDOUT_CHANNEL, chunk);
  }
  if (outcome.stderr !== undefined) await send(STDERR_CHANNEL, Buffer.from(outcome.stderr));
  if (outcome.status !== undefined) {
    await send(STATUS_CHANNEL, Buffer.from(JSON.stringify(outcome.status)));
    socket.end(frame(CLOSE, Buffer.from([0x03, 0xe8])));
  } else socket.destroy();
}

/**
 * The server's side of a port-forward over a WebSocket (subprotocol v4.channel.k8s.io): the first byte of a message is
 * the channel, and each channel begins with the port in two bytes, little-endian.
 */
export function acceptWebSocket(request: IncomingMessage, socket: Duplex, port: number, target: Duplex): void {
  accept(request, socket);
  const send = (channel: number, data: Buffer): void => void socket.write(frame(BINARY, Buffer.concat([Buffer.from([channel]), data])));
  const portBytes = Buffer.from([port & 0xff, port >> 8]);
  send(DATA_CHANNEL, portBytes);
  send(ERROR_CHANNEL, portBytes);
  target.on('data', (data: Buffer) => send(DATA_CHANNEL, data));
  target.on('end', () => socket.end(frame(CLOSE, Buffer.from([0x03, 0xe8]))));
  target.on('error', (error) => {
    send(ERROR_CHANNEL, Buffer.from(`error forwarding port ${port}: ${error.message}`));
    socket.end(frame(CLOSE, Buffer.from([0x03, 0xe8])));
  });
  socket.on('close', () => target.destroy());
  socket.on('error', () => target.destroy());
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (let message = decodeFrame(rest); message !== undefined; message = decodeFrame(rest)) {
      rest = rest.subarray(message.length);
      if (message.opcode === BINARY && message.payload[0] === DATA_CHANNEL) target.write(message.payload.subarray(1));
      else if (message.opcode === PING) socket.write(frame(PONG, message.payload));
      else if (message.opcode === CLOSE) {
        socket.end(frame(CLOSE, message.payload));
        target.end();
      }
    }
  });
}

function accept(request: IncomingMessage, socket: Duplex): void {
  const key = request.headers['sec-websocket-key'] ?? '';
  const answer = createHash('sha1')
    .update(key + GUID)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${answer}\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n`,
  );
}

function frame(opcode: number, payload: Buffer): Buffer {
  const size = payload.length;
  const head =
    size < 126
      ? Buffer.from([0x80 | opcode, size])
      : size < 65536
        ? Buffer.from([0x80 | opcode, 126, size >> 8, size & 0xff])
        : Buffer.alloc(10);
  if (size >= 65536) {
    head[0] = 0x80 | opcode;
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(size), 2);
  }
  return Buffer.concat([head, payload]);
}

/** A whole frame of a client (masked) at the start of `bytes`, or undefined when there is more to come. */
function decodeFrame(bytes: Buffer): { readonly opcode: number; readonly payload: Buffer; readonly length: number } | undefined {
  if (bytes.length < 2) return undefined;
  let size = bytes.readUInt8(1) & 0x7f;
  let at = 2;
  if (size === 126) {
    if (bytes.length < 4) return undefined;
    size = bytes.readUInt16BE(2);
    at = 4;
  } else if (size === 127) {
    if (bytes.length < 10) return undefined;
    size = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  if (bytes.length < at + 4 + size) return undefined;
  const mask = bytes.subarray(at, at + 4);
  const payload = Buffer.from(bytes.subarray(at + 4, at + 4 + size));
  for (let index = 0; index < size; index += 1) payload[index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0);
  return { opcode: bytes.readUInt8(0) & 0x0f, payload, length: at + 4 + size };
}
