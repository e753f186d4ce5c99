/**
 * Frames as a capture source hands them out: one object, used again for the next frame. Nobody keeps it or its bytes
 * after the call returns.
 */
export interface CapturedFrame {
  /** Capture time, milliseconds since the Unix epoch with a fraction. */
  at: number;
  bytes: Uint8Array;
  /** The IP header begins here. */
  offset: number;
  /** Captured bytes from `offset` on. */
  length: number;
  /** Bytes the frame had on the wire from the IP header on. */
  wireLength: number;
  /** Index of the interface (0: unknown). */
  interfaceIndex: number;
  /** EtherType that the kernel gives for what begins at `offset`. */
  etherType: number;
  /** Kind of packet (linux/if_packet.h): 0 host, 1 broadcast, 2 multicast, 3 other host, 4 outgoing. */
  packetType: number;
}

export type FrameHandler = (frame: CapturedFrame) => void;

/** Since the start; every figure is a metric. */
export interface CaptureStats {
  /** Frames handed out. */
  readonly frames: number;
  /** Frames that the kernel had no room for. */
  readonly dropped: number;
  /** Times that the ring was full ("frozen") until we read again. */
  readonly overruns: number;
  readonly ringBytes: number;
  readonly drains: number;
}

/** Where frames come from: the kernel's ring, or a test. */
export interface CaptureSource {
  /**
   * @param onFrame called for every frame, in order of capture per interface.
   * @param onDrained called after each drain that handed out frames, never from inside `drain`.
   * @throws AppError when capturing is not possible.
   */
  start(onFrame: FrameHandler, onDrained?: () => void): void;
  stop(): void;
  /** Replaces the kernel's filter at once; frames already in the ring still come. */
  setDnsPorts(ports: readonly number[]): void;
  /** Hands out what is there now. */
  drain(): number;
  stats(): CaptureStats;
}
