import { AppError } from '@nm/core';
import { InvalidArgumentError } from 'commander';
import type { Command as Program, Option } from 'commander';
import { COMPATIBLE_FLAGS } from './options.ts';

/**
 * Options that were not given on the command line are taken from the environment: NETWORK_MAPPER_<FLAG>, then, for
 * flags of the existing command line, OTTERIZE_<FLAG>. An empty value counts as not set.
 * @throws AppError USAGE that names the variable.
 */
export function applyEnvironment(program: Program, env: Readonly<Record<string, string | undefined>>): void {
  for (const option of program.options) {
    const source = program.getOptionValueSource(option.attributeName());
    if (source !== undefined && source !== 'default') continue;
    const name = variableNames(option).find((variable) => (env[variable] ?? '') !== '');
    if (name === undefined) continue;
    program.setOptionValueWithSource(option.attributeName(), valueOf(option, name, env[name] ?? ''), 'env');
  }
}

/** Environment variables of an option, the first that is set wins. */
export function variableNames(option: Option): string[] {
  const long = option.long ?? '';
  const suffix = long.replace(/^--/, '').replaceAll('-', '_').toUpperCase();
  if (suffix === '' || long === '--help') return [];
  return COMPATIBLE_FLAGS.has(long) ? [`NETWORK_MAPPER_${suffix}`, `OTTERIZE_${suffix}`] : [`NETWORK_MAPPER_${suffix}`];
}

function valueOf(option: Option, name: string, text: string): unknown {
  if (option.isBoolean()) {
    if (/^(1|true|yes)$/i.test(text)) return true;
    if (/^(0|false|no)$/i.test(text)) return false;
    throw new AppError('USAGE', `${name}: expected true or false, got "${text}"`);
  }
  if (option.parseArg === undefined) return text;
  try {
    return option.parseArg(text, undefined as never);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new AppError('USAGE', `${name}: ${error.message}`);
  }
}
