import { KubeError } from './kube-error.ts';

/** Opcodes of RFC 6455 section 5.2. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface WebSocketFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** The kubelet sends what it reads, 32 KiB at most; more in one frame is nobody's that we know. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** Cuts a server's bytes into frames (RFC 6455 section 5.2). Keeps at most one frame that is not whole yet. */
export function createFrameDecoder(): { push(chunk: Buffer): WebSocketFrame[] } {
  let waiting: Buffer[] = [];
  let size = 0;
  let needed = 2;
  return {
    push(chunk) {
      waiting.push(chunk);
      size += chunk.length;
      if (size < needed) return [];
      let bytes = waiting.length === 1 ? chunk : Buffer.concat(waiting);
      const frames: WebSocketFrame[] = [];
      for (;;) {
        const length = lengthOf(bytes);
        if (length === undefined || bytes.length < length.head + length.payload) {
          needed = length === undefined ? bytes.length + 1 : length.head + length.payload;
          break;
        }
        const end = length.head + length.payload;
        frames.push({ opcode: (bytes[0] ?? 0) & 0x0f, payload: bytes.subarray(length.head, end) });
        bytes = bytes.subarray(end);
      }
      waiting = bytes.length === 0 ? [] : [bytes];
      size = bytes.length;
      return frames;
    },
  };
}

/** Bytes of the head and of the payload of the frame that begins here; undefined when the head is not whole. */
function lengthOf(bytes: Buffer): { readonly head: number; readonly payload: number } | undefined {
  if (bytes.length < 2) return undefined;
  const second = bytes.readUInt8(1);
  if ((second & 0x80) !== 0) throw bad('the frame of a server is masked');
  const short = second & 0x7f;
  if (short < 126) return { head: 2, payload: short };
  if (short === 126) return bytes.length < 4 ? undefined : { head: 4, payload: bytes.readUInt16BE(2) };
  if (bytes.length < 10) return undefined;
  const payload = Number(bytes.readBigUInt64BE(2));
  if (payload > MAX_FRAME_BYTES) throw bad(`a frame of ${payload} bytes`);
  return { head: 10, payload };
}

/** A client's frame, whole and masked; of at most 125 bytes, as control frames are. */
export function encodeFrame(opcode: number, payload: Buffer, mask: Buffer): Buffer {
  const frame = Buffer.alloc(6 + payload.length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | payload.length;
  mask.copy(frame, 2, 0, 4);
  for (const [index, byte] of payload.entries()) frame[6 + index] = byte ^ (mask[index & 3] ?? 0);
  return frame;
}

function bad(what: string): KubeError {
  return new KubeError('kube-bad-answer', `the Kubernetes API does not speak the WebSocket protocol: ${what}`);
}
