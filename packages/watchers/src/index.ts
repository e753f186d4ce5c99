export * from './kafka/audit-reader.ts';
export * from './kafka/line-splitter.ts';
export * from './kafka/parse-audit-message.ts';
export * from './kafka/print-audit-log.ts';
