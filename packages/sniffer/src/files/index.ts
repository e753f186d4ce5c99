export * from '../frames/packet-pipeline.ts';
export type { CaptureBatch } from './capture-batch.ts';
export type { CaptureErrorCode, CaptureWarning } from './capture-error.ts';
export * from './open-captures.ts';
export * from './proc-dump.ts';
