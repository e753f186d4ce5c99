import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createApiClient } from '@nm/api';
import type { Clock, Logger } from '@nm/core';
import { createTlsFetch } from '@nm/runtime';
import type { CommandContext } from '@nm/runtime';
import { readText } from './command.ts';
import type { ObservationSink } from './observation-sink.ts';
import { createReportSink, reportOver } from './report-sink.ts';
import type { ReportSinkOptions } from './report-sink.ts';

/** A line for each row of a report that was refused, and the settings. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

export interface MapperAddress {
  readonly mapperUrl: string;
  /** File with the token that says who reports; read again each time, because it rotates. */
  readonly tokenFile?: string | undefined;
  /** PEM file of the authority that signed the mapper's certificate. */
  readonly caFile?: string | undefined;
}

/** The way to the mapper over the network. Throws AppError `input-unreadable`. */
export async function createMapperSink(
  context: CommandContext,
  { mapperUrl, tokenFile, caFile }: MapperAddress,
  deps: { readonly kind: ReportSinkOptions['kind']; readonly clock: Clock; readonly log: Logger },
): Promise<ObservationSink> {
  const client = createApiClient({
    url: mapperUrl,
    maxAnswerBytes: MAX_ANSWER_BYTES,
    ...(caFile === undefined ? {} : { fetch: createTlsFetch(() => readText(context, caFile)) }),
    ...(tokenFile === undefined
      ? {}
      : { headers: async () => ({ authorization: `Bearer ${(await readFile(resolve(context.cwd, tokenFile), 'utf8')).trim()}` }) }),
  });
  return createReportSink(
    { report: reportOver(client), clock: deps.clock, log: deps.log },
    { kind: deps.kind, version: context.version ?? '0.0.0' },
  );
}
