import type { LoadedOptions } from './load-options.ts';
import { fileKey } from './option-table.ts';
import type { OptionDefinition, OptionTable } from './option-table.ts';

/** What `config show` prints: one line per option with value and source; secrets are masked. */
export function showOptions<Table extends OptionTable>(table: Table, loaded: LoadedOptions<Table>): string {
  const rows = Object.entries(table).map(([name, definition]) => {
    const value = loaded.values[name];
    const shown = value === undefined ? '' : definition.type.format(value);
    const masked = shown === '' ? '' : mask(shown, definition.secret);
    return [fileKey(definition), masked === '' ? '-' : masked, loaded.origins[name]?.where ?? 'default'] as const;
  });
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column as 0 | 1].length)));
  return rows.map(([key, value, where]) => `${key.padEnd(widths[0] ?? 0)}  ${value.padEnd(widths[1] ?? 0)}  ${where}\n`).join('');
}

function mask(shown: string, secret: OptionDefinition<unknown>['secret']): string {
  if (secret === undefined) return shown;
  if (secret === 'value') return '***';
  if (!shown.includes('://')) return shown;
  const url = URL.parse(shown);
  if (url === null) return '***';
  const { protocol, username, password, host, pathname, search } = url;
  const user = username === '' && password === '' ? '' : `${username}${password === '' ? '' : ':***'}@`;
  return `${protocol}//${user}${host}${pathname}${search === '' ? '' : '?***'}`;
}

/** Every part reads it, so no table has it. */
const CONFIG_HELP = '  --config FILE\n      YAML or JSON file with these options; flags and environment win over it.\n';

/** Help text: one entry per option. */
export function describeOptions(table: OptionTable): string {
  const entries = Object.values(table)
    .map((definition) => {
      const value = definition.type.isSwitch === true ? '' : ' VALUE';
      const shown = definition.defaultText ?? (definition.default === undefined ? '' : definition.type.format(definition.default));
      return `  --${definition.flag}${value}\n      ${definition.help}${shown === '' ? '' : ` Default: ${shown}.`}\n`;
    })
    .join('');
  return entries + CONFIG_HELP;
}
