export * from './command.ts';
export * from './mapper-sink.ts';
export * from './observation-outbox.ts';
export * from './observation-sink.ts';
export * from './report-sink.ts';
export * from './serve-until-stopped.ts';
