export type { CapturedFrame, CaptureSource, CaptureStats, FrameHandler } from './capture/capture-source.ts';
export { LIVE_LIMITS } from './observe/live-observer.ts';
export { SNIFFER_METRICS } from './service/metrics.ts';
export { CAPTURE_OPTIONS, SNIFFER_OPTIONS } from './service/options.ts';
export { runCapture, runSniffer } from './service/run-sniffer.ts';
export { SNIFFER_ERRORS } from './service/sniffer-errors.ts';
export { createSniffer } from './service/sniffer.ts';
export type { Sniffer, SnifferDeps, SnifferOptions } from './service/sniffer.ts';
