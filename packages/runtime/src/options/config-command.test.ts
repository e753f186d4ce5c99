import { expect, test } from 'vitest';
import { toShownConfig } from './config-command.ts';
import { loadOptions } from './load-options.ts';
import { option } from './option-table.ts';
import { text } from './option-type.ts';
import { describeOptions } from './show-options.ts';

const TABLE = { name: option({ flag: 'name', type: text(), default: 'demo', help: 'Who it is.' }) };
const load = (...argv: string[]): ReturnType<typeof loadOptions<typeof TABLE>> =>
  loadOptions(TABLE, { argv, env: {}, readFile: () => Promise.resolve('') }, { part: 'test' });

test('config show prints values and where they came from', async () => {
  expect(toShownConfig(TABLE, await load('config', 'show', '--name', 'x'))).toBe('name  x  flag --name\n');
});

test('without words the part runs', async () => expect(toShownConfig(TABLE, await load())).toBeUndefined());

test.each([
  ['another word', ['serve'], 'unknown argument "serve"'],
  ['half of it', ['config'], '"config show" prints the options'],
  ['more than it', ['config', 'show', 'all'], 'unknown argument "all"'],
])('%s stops the start', async (_, argv, message) => {
  const loaded = await load(...argv);
  expect(() => toShownConfig(TABLE, loaded)).toThrow(message);
});

test('the help of a part names the flag for a file', () => expect(describeOptions(TABLE)).toContain('--config FILE'));
