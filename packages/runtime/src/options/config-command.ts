import type { LoadedOptions } from './load-options.ts';
import { OptionError } from './option-error.ts';
import type { OptionTable } from './option-table.ts';
import { showOptions } from './show-options.ts';

/**
 * What `PART config show` prints; undefined when the part is to run. Throws OptionError for any other word, followed by
 * `advice`.
 */
export function toShownConfig<Table extends OptionTable>(table: Table, loaded: LoadedOptions<Table>, advice = ''): string | undefined {
  const { positional } = loaded;
  if (positional.join(' ') === 'config show') return showOptions(table, loaded);
  const wrong = positional.find((word, index) => word !== ['config', 'show'][index]);
  if (wrong !== undefined) throw new OptionError('option_unknown', `unknown argument ${JSON.stringify(wrong)}${advice}`);
  if (positional.length > 0) throw new OptionError('option_unknown', '"config" alone says nothing: "config show" prints the options');
  return undefined;
}
