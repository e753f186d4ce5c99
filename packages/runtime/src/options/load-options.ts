import { reasonOf } from '../file-reason.ts';
import { nearest } from './nearest.ts';
import { OptionError } from './option-error.ts';
import { ENV_PREFIX, envName, fileKey } from './option-table.ts';
import type { OptionDefinition, OptionTable, OptionValues } from './option-table.ts';

export interface OptionSources {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => Promise<string>;
}

/** Sections of a file that are each for one part only, and so not unknown to the others. */
export const FILE_SECTIONS = ['mapper', 'sniffer', 'kafka', 'istio', 'aws', 'cli'] as const;

export interface LoadOptions {
  /** Name of the part's own section. */
  readonly part: string;
}

export type OptionOrigin = 'flag' | 'environment' | 'file' | 'default';

export interface LoadedOptions<Table extends OptionTable> {
  readonly values: OptionValues<Table>;
  /** Where each value came from: `flag --listen`, `environment NETWORK_MAPPER_LISTEN`, `file /etc/nm.yaml: listen`, `default`. */
  readonly origins: { readonly [Name in keyof Table]: { readonly origin: OptionOrigin; readonly where: string } };
  /** Arguments that are no flags. */
  readonly positional: readonly string[];
}

interface RawValue {
  readonly origin: OptionOrigin;
  readonly where: string;
  readonly value: unknown;
}

const CONFIG_FLAG = 'config';
const CONFIG_ENV = `${ENV_PREFIX}CONFIG`;

/** Kubernetes sets these for Services whose names begin like ours (enableServiceLinks). */
const SERVICE_LINK = /^[A-Z0-9_]+_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/**
 * Reads a part's options: flag over environment over file over default. A key that is unknown or a value that does not
 * parse stops the start. Throws OptionError.
 */
export async function loadOptions<Table extends OptionTable>(
  table: Table,
  sources: OptionSources,
  settings: LoadOptions,
): Promise<LoadedOptions<Table>> {
  const flags = readFlags(table, sources.argv);
  const path = flags.config ?? sources.env[CONFIG_ENV];
  const file = path === undefined ? new Map<string, RawValue>() : await readConfig(table, path, await readText(sources, path), settings);
  const environment = readEnvironment(table, sources.env);

  const values: Record<string, unknown> = {};
  const origins: Record<string, { origin: OptionOrigin; where: string }> = {};
  for (const [name, definition] of Object.entries(table)) {
    const raw = flags.values.get(name) ?? environment.get(name) ?? file.get(name);
    values[name] = raw === undefined ? definition.default : parseValue(definition, raw);
    origins[name] = raw === undefined ? { origin: 'default', where: 'default' } : { origin: raw.origin, where: raw.where };
  }
  return {
    values: values as OptionValues<Table>,
    origins: origins as LoadedOptions<Table>['origins'],
    positional: flags.positional,
  };
}

function parseValue(definition: OptionDefinition<unknown>, raw: RawValue): unknown {
  const result = definition.type.schema.safeParse(raw.value);
  if (result.success) return result.data;
  const shown = definition.secret !== undefined ? 'the value (kept secret)' : JSON.stringify(raw.value);
  throw new OptionError('option_invalid', `${raw.where}: ${shown} is not ${definition.type.form}`, { fields: { where: raw.where } });
}

function readFlags(
  table: OptionTable,
  argv: readonly string[],
): { values: Map<string, RawValue>; positional: string[]; config: string | undefined } {
  const names = new Map(Object.entries(table).map(([name, definition]) => [definition.flag, name]));
  const values = new Map<string, RawValue>();
  const positional: string[] = [];
  let config: string | undefined;
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? '';
    if (argument === '--') {
      positional.push(...argv.slice(i + 1));
      break;
    }
    if (!argument.startsWith('--')) {
      if (argument.startsWith('-') && argument !== '-') throw unknownFlag(argument, names.keys());
      positional.push(argument);
      continue;
    }
    const equals = argument.indexOf('=');
    let flag = argument.slice(2, equals < 0 ? undefined : equals);
    let value: string | undefined = equals < 0 ? undefined : argument.slice(equals + 1);
    const negated = flag.startsWith('no-') && !names.has(flag) ? names.get(flag.slice(3)) : undefined;
    if (negated !== undefined && table[negated]?.type.isSwitch === true && value === undefined) {
      flag = flag.slice(3);
      value = 'false';
    }
    const name = names.get(flag);
    if (name === undefined && flag !== CONFIG_FLAG) throw unknownFlag(`--${flag}`, names.keys());
    if (value === undefined) {
      const next = argv[i + 1];
      if (name !== undefined && table[name]?.type.isSwitch === true) value = 'true';
      else if (next === undefined) throw new OptionError('option_invalid', `flag --${flag} needs a value`);
      else {
        value = next;
        i++;
      }
    }
    if (name === undefined) {
      config = value;
      continue;
    }
    // A flag that is given again adds to a list; the last one wins otherwise.
    const before = values.get(name);
    const isRepeatedList = before !== undefined && Array.isArray(table[name]?.default);
    values.set(name, { origin: 'flag', where: `flag --${flag}`, value: isRepeatedList ? `${String(before.value)},${value}` : value });
  }
  return { values, positional, config };
}

function unknownFlag(flag: string, known: Iterable<string>): OptionError {
  const near = nearest(flag.replace(/^-+/, ''), known);
  return new OptionError('option_unknown', `unknown flag ${flag}${near === undefined ? '' : `; did you mean --${near}?`}`, {
    fields: { flag },
  });
}

function readEnvironment(table: OptionTable, env: Readonly<Record<string, string | undefined>>): Map<string, RawValue> {
  const values = new Map<string, RawValue>();
  const known = new Set([CONFIG_ENV]);
  for (const [name, definition] of Object.entries(table)) {
    for (const variable of [envName(definition), ...(definition.oldEnv ?? [])]) {
      known.add(variable);
      const value = env[variable];
      // An empty variable is how charts and shells leave one out.
      if (value === undefined || value === '' || values.has(name)) continue;
      values.set(name, { origin: 'environment', where: `environment ${variable}`, value });
    }
  }
  for (const variable of Object.keys(env)) {
    if (!variable.startsWith(ENV_PREFIX) || known.has(variable) || SERVICE_LINK.test(variable)) continue;
    const near = nearest(variable, known);
    throw new OptionError(
      'option_unknown',
      `unknown environment variable ${variable}${near === undefined ? '' : `; did you mean ${near}?`}`,
      {
        fields: { variable },
      },
    );
  }
  return values;
}

async function readText(sources: OptionSources, path: string): Promise<string> {
  try {
    return await sources.readFile(path);
  } catch (cause) {
    throw new OptionError('config_unreadable', `cannot read the configuration file ${path}: ${reasonOf(cause)}`, { cause });
  }
}

async function readConfig(table: OptionTable, path: string, textOfFile: string, settings: LoadOptions): Promise<Map<string, RawValue>> {
  // Loaded only when there is a file: it costs 7 MB, which sniffers on every node would pay.
  const { parseYaml } = await import('./parse-yaml.ts');
  let content: unknown;
  try {
    content = parseYaml(textOfFile);
  } catch (cause) {
    throw new OptionError(
      'config_unreadable',
      `${path} is neither YAML nor JSON: ${(cause as Error).message.split('\n')[0]?.replace(/:$/, '')}`,
      { cause },
    );
  }
  if (content === null) return new Map();
  if (!isMap(content)) throw new OptionError('config_unreadable', `${path} must hold a map of options`);
  const names = new Map(Object.entries(table).map(([name, definition]) => [fileKey(definition), name]));
  const values = new Map<string, RawValue>();
  const others = new Set<string>(FILE_SECTIONS);

  const walk = (map: Readonly<Record<string, unknown>>, prefix: string, shown: string): void => {
    for (const [key, value] of Object.entries(map)) {
      const at = `${prefix}${key}`;
      const name = names.get(at);
      if (name !== undefined) {
        if (value !== null) values.set(name, { origin: 'file', where: `file ${path}: ${shown}${key}`, value });
      } else if (isMap(value) && [...names.keys()].some((known) => known.startsWith(`${at}.`))) {
        walk(value, `${at}.`, `${shown}${key}.`);
      } else {
        const near = nearest(at, names.keys());
        throw new OptionError(
          'option_unknown',
          `${path}: unknown key ${shown}${key}${near === undefined ? '' : `; did you mean ${near}?`}`,
          {
            fields: { path, key: at },
          },
        );
      }
    }
  };
  const { [settings.part]: own, ...shared } = content;
  walk(Object.fromEntries(Object.entries(shared).filter(([key]) => !others.has(key))), '', '');
  if (isMap(own)) walk(own, '', `${settings.part}.`);
  else if (own !== undefined && own !== null) walk({ [settings.part]: own }, '', '');
  return values;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
