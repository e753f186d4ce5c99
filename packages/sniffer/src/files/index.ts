export * from '../frames/packet-pipeline.ts';
export type { CaptureBatch } from './capture-batch.ts';
export { CAPTURE_FILE_ERRORS } from './capture-error.ts';
export type { CaptureFileErrorCode, CaptureWarning } from './capture-error.ts';
export * from './open-captures.ts';
export * from './proc-dump.ts';
