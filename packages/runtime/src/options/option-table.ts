import type { OptionType } from './option-type.ts';

/** One option of a part: the single source for flag, environment, file key, help and docs. */
export interface OptionDefinition<T> {
  /** Without dashes: `metrics-listen`. Environment and file key follow from it unless given. */
  readonly flag: string;
  readonly type: OptionType<T>;
  readonly default: T;
  /** One or two sentences. */
  readonly help: string;
  /** Key in a file, dots for nesting. */
  readonly key?: string;
  /** Names under which existing installations set it. */
  readonly oldEnv?: readonly string[];
  /** Shown as `***`: the whole value, or of an address what may be a password. */
  readonly secret?: 'value' | 'password';
  /** What the docs say instead of the default, where it is worked out at start. */
  readonly defaultText?: string;
}

export type OptionTable = Readonly<Record<string, OptionDefinition<unknown>>>;

export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends OptionDefinition<infer Value> ? Value : never;
};

export const ENV_PREFIX = 'NETWORK_MAPPER_';

/** An option with a default. */
export function option<T>(definition: Omit<OptionDefinition<T>, 'default'> & { readonly default: NoInfer<T> }): OptionDefinition<T> {
  return definition;
}

/** An option that may be absent. */
export function optional<T>(definition: Omit<OptionDefinition<T>, 'default'>): OptionDefinition<T | undefined> {
  const { type } = definition;
  return {
    ...definition,
    type: {
      form: type.form,
      ...(type.isSwitch === true && { isSwitch: true }),
      schema: type.schema,
      format: (value) => (value === undefined ? '' : type.format(value)),
    },
    default: undefined,
  };
}

/** `NETWORK_MAPPER_METRICS_LISTEN` for the flag `metrics-listen`. */
export function envName(definition: OptionDefinition<unknown>): string {
  return ENV_PREFIX + definition.flag.toUpperCase().replaceAll('-', '_');
}

/** `metricsListen` for the flag `metrics-listen`, unless the option names its own key. */
export function fileKey(definition: OptionDefinition<unknown>): string {
  return definition.key ?? definition.flag.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
