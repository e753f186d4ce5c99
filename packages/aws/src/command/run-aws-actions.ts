import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { AppError } from '@nm/core';
import { loadCommandOptions, readInput, writerOf } from '@nm/reporting';
import { boolean, guarded, option, optional, OptionError, text } from '@nm/runtime';
import type { CommandContext } from '@nm/runtime';
import { parseRecorded } from '../actions/parse-recorded.ts';
import { toAwsCall } from '../actions/to-aws-call.ts';

/** Options of `network-mapper aws-actions`. */
export const AWS_ACTIONS_OPTIONS = {
  requests: optional({ flag: 'requests', type: text('a file'), help: 'Recorded requests, a JSON object a line; - is standard input.' }),
  print: option({ flag: 'print', type: boolean(), default: false, help: 'Print a JSON line for each request: its id and what it needs.' }),
} as const;

const USAGE = 'network-mapper aws-actions --requests FILE --print';

/** `network-mapper aws-actions`: prints the IAM actions and resources that recorded requests need; gives the exit code. */
export async function runAwsActions(context: CommandContext): Promise<number> {
  return guarded(async () => {
    const values = await loadCommandOptions(context, AWS_ACTIONS_OPTIONS, { part: 'aws', usage: USAGE });
    if (values === undefined) return;
    if (values.requests === undefined || !values.print) throw new OptionError('option_conflict', 'give --requests FILE --print');
    const write = writerOf(context);
    let number = 0;
    let bad = 0;
    for await (const line of createInterface({
      input: Readable.from(readInput(context, values.requests)),
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      number += 1;
      if (line.trim() === '') continue;
      const request = parseRecorded(line);
      if (request === undefined) {
        bad += 1;
        process.stderr.write(`network-mapper: line ${number} is no request: it needs method, host and path\n`);
        continue;
      }
      write(`${JSON.stringify({ id: request.id, pairs: toAwsCall(request)?.pairs ?? [] })}\n`);
    }
    if (bad > 0) throw new AppError('input-unreadable', `${bad} of ${number} lines could not be read`);
  });
}
