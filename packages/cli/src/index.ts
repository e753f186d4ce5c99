export { CLI_COMMANDS, runCli } from './cli.ts';
export type { BuildInfo } from './commands/version.ts';
export { buildInfo } from './commands/version.ts';
export { createOpenLive } from './live/open-live.ts';
export type { OpenLiveDeps } from './live/open-live.ts';
export { EXIT_CODES, exitCode, exitCodeOfError } from './exit-codes.ts';
export type { CliErrorCode } from './exit-codes.ts';
export type { CliHost, OutputStream } from './host.ts';
export { buildMap } from './map/build-map.ts';
export type { BuildMap, BuildMapHooks, BuildMapOptions, MapProgress, MapSummary, SummaryLine } from './map/map-contract.ts';
export type {
  EdgeChange,
  LiveMapSource,
  LiveSourceOptions,
  LoadedMap,
  MapperStatus,
  MapQuery,
  MapSource,
  OpenLiveSource,
} from './source/map-source.ts';
