export * from './logging.ts';
export * from './startable.ts';
