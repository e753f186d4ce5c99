export * from './bytes.ts';
export * from './captures.ts';
export * from './dns.ts';
export * from './frames.ts';
export * from './segments.ts';
