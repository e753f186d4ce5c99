export * from './sdk-programs.ts';
export * from './sdk-tools.ts';
