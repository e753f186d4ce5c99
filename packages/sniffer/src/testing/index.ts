/** For tests of what a sniffer reports to: frames without a kernel. */
export { createFrameSource } from './frame-source.ts';
export type { FrameSource } from './frame-source.ts';
