import type { CapturedFrame, CaptureSource, FrameHandler } from '../capture/capture-source.ts';

/** A capture source that a test feeds. */
export interface FrameSource extends CaptureSource {
  /** One frame from the IP header on; handed out at the next drain. */
  feed(bytes: Uint8Array, details?: Partial<Pick<CapturedFrame, 'at' | 'interfaceIndex' | 'etherType' | 'packetType'>>): void;
  readonly dnsPorts: readonly number[];
}

export function createFrameSource(): FrameSource {
  const waiting: CapturedFrame[] = [];
  let handler: FrameHandler = () => undefined;
  let afterDrain: () => void = () => undefined;
  let frames = 0;
  let drains = 0;
  let dnsPorts: readonly number[] = [];
  return {
    get dnsPorts() {
      return dnsPorts;
    },
    start(onFrame, onDrained = () => undefined) {
      handler = onFrame;
      afterDrain = onDrained;
    },
    stop: () => undefined,
    setDnsPorts(ports) {
      dnsPorts = ports;
    },
    drain() {
      drains += 1;
      const now = waiting.splice(0);
      for (const frame of now) handler(frame);
      frames += now.length;
      if (now.length > 0) setImmediate(afterDrain);
      return now.length;
    },
    feed(bytes, details = {}) {
      const etherType = (bytes[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800;
      waiting.push({
        at: Date.now(),
        bytes,
        offset: 0,
        length: bytes.length,
        wireLength: bytes.length,
        interfaceIndex: 1,
        etherType,
        packetType: 0,
        ...details,
      });
    },
    stats: () => ({ frames, drains, dropped: 0, overruns: 0, ringBytes: 0 }),
  };
}
