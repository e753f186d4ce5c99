export * from './actions/aws-request.ts';
export * from './actions/to-aws-call.ts';
export * from './command/run-aws-actions.ts';
export * from './command/aws-options.ts';
export * from './command/run-aws-visibility.ts';
export * from './report/aws-metrics.ts';
