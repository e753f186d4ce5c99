import { AppError } from '@nm/core';
import type { CliHost } from '../host.ts';
import { createFileSource } from './file-source.ts';
import type { LiveMapSource, MapSource, SourceOptions } from './map-source.ts';

/** The source that the options name: a map file, else a mapper. */
export async function openSource(options: SourceOptions, host: CliHost): Promise<MapSource> {
  return options.map === undefined ? await openLiveSource(options, host, '') : createFileSource(options.map, host);
}

/** The mapper that the options name; `command` is the one that needs it, empty when a map file would do as well. */
export async function openLiveSource(options: SourceOptions, host: CliHost, command: string): Promise<LiveMapSource> {
  if (command !== '' && options.map !== undefined)
    throw new AppError('USAGE', `${command} needs a running mapper, not a map file: leave --map out`);
  if (host.openLive === undefined) {
    throw new AppError(
      'MAPPER_UNREACHABLE',
      command === ''
        ? 'no mapper can be reached from this build: name a map file with --map FILE'
        : `${command}: no mapper can be reached from this build`,
    );
  }
  return await host.openLive(options, host.signal);
}
