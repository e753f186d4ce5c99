import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@nm/core';
import type { Logger } from '@nm/core';
import { reasonOf } from '@nm/runtime';
import type { OptionValues } from '@nm/runtime';
import { encodePcapNgInterface, encodePcapNgPacketInto, encodePcapNgSection, LINK_TYPE_RAW, pcapNgPacketLength } from '@nm/wire';
import type { CapturedFrame, CaptureSource } from '../capture/capture-source.ts';
import { createRingSource } from '../capture/ring-source.ts';
import type { CAPTURE_OPTIONS } from './options.ts';
import { untilOver } from './print.ts';
import type { SnifferErrorCode } from './sniffer-errors.ts';

const BUFFER_BYTES = 1024 * 1024;
/** The ring has one size here: changing it would write some frames twice. */
const RING_BYTES = 24 * 1024 * 1024;
/** The kernel hands a block over that is not full when its time came twice (60 ms). */
const LAST_BLOCK_MS = 150;
const SNAP_LENGTH = 0xffff;
const STANDARD_OUTPUT = 1;

export interface CaptureSummary {
  readonly frames: number;
  readonly dropped: number;
  readonly bytes: number;
}

/** Writes exactly the frames that the filter passes, from the IP header on, as pcapng. @throws AppError output-unwritable. */
export async function captureToFile(
  deps: { readonly log: Logger; readonly source?: CaptureSource },
  options: OptionValues<typeof CAPTURE_OPTIONS>,
  signal: AbortSignal,
): Promise<CaptureSummary> {
  const source =
    deps.source ??
    createRingSource(
      { log: deps.log },
      { dnsPorts: options.dnsPorts, keepLoopback: options.loopback, idleRingBytes: RING_BYTES, loadedRingBytes: RING_BYTES },
    );
  const fd = options.output === '-' ? STANDARD_OUTPUT : openOutput(options.output);
  const full = new AbortController();
  const buffer = new Uint8Array(BUFFER_BYTES);
  let used = 0;
  let bytes = 0;
  let failure: unknown;
  // Called by timers, where what is thrown would end the process: a full disk is told at the end.
  const flush = (): void => {
    try {
      for (let at = 0; at < used;) at += writeSync(fd, buffer, at, used - at);
      bytes += used;
    } catch (cause) {
      failure ??= cause;
    }
    used = 0;
    if (failure !== undefined || bytes >= options.maxBytes) full.abort();
  };
  const append = (block: Uint8Array): void => {
    buffer.set(block, used);
    used += block.length;
  };
  const onFrame = (frame: CapturedFrame): void => {
    if (full.signal.aborted) return;
    const { length } = frame;
    if (used + pcapNgPacketLength(length) > BUFFER_BYTES) flush();
    const packet = {
      interfaceId: 0,
      at: frame.at,
      bytes: frame.bytes,
      offset: frame.offset,
      capturedLength: length,
      originalLength: Math.max(frame.wireLength, length),
    };
    used = Math.max(used, encodePcapNgPacketInto(buffer, used, packet));
  };
  try {
    append(encodePcapNgSection({ application: 'network-mapper capture' }));
    append(encodePcapNgInterface({ linkType: LINK_TYPE_RAW, snapLength: SNAP_LENGTH, name: 'any' }));
    source.start(onFrame);
    const timer = setInterval(flush, 1_000);
    await untilOver(AbortSignal.any([signal, full.signal]), options.duration);
    clearInterval(timer);
    // The kernel hands over its last block when that block's time is over.
    await sleep(LAST_BLOCK_MS);
    source.stop();
    if (failure === undefined) flush();
  } finally {
    if (fd !== STANDARD_OUTPUT) closeSync(fd);
  }
  if (failure !== undefined) {
    const kept = bytes === 0 ? '' : `; its first ${bytes} bytes are good`;
    throw new AppError<SnifferErrorCode>('output-unwritable', `cannot write ${options.output}: ${reasonOf(failure)}${kept}`, {
      cause: failure,
    });
  }
  const { frames, dropped } = source.stats();
  return { frames, dropped, bytes };
}

function openOutput(path: string): number {
  try {
    return openSync(path, 'w', 0o600);
  } catch (cause) {
    throw new AppError<SnifferErrorCode>(
      'output-unwritable',
      `cannot write ${path}: ${isMissing(cause) ? 'there is no such folder' : reasonOf(cause)}; give another file with --output`,
      {
        cause,
      },
    );
  }
}

/** A file that is written need not be there, its folder must. */
function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}
