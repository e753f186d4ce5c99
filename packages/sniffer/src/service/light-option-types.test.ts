import * as full from '@nm/runtime';
import { describe, expect, test } from 'vitest';
import * as light from './light-option-types.ts';

const PAIRS: readonly [string, full.OptionType<unknown>, full.OptionType<unknown>][] = [
  ['text', light.text() as full.OptionType<unknown>, full.text() as full.OptionType<unknown>],
  ['httpUrl', light.httpUrl() as full.OptionType<unknown>, full.httpUrl() as full.OptionType<unknown>],
  ['boolean', light.boolean() as full.OptionType<unknown>, full.boolean() as full.OptionType<unknown>],
  ['integer', light.integer({ min: 1, max: 9 }) as full.OptionType<unknown>, full.integer({ min: 1, max: 9 }) as full.OptionType<unknown>],
  [
    'duration',
    light.duration({ minMs: 250, maxMs: 60_000 }) as full.OptionType<unknown>,
    full.duration({ minMs: 250, maxMs: 60_000 }) as full.OptionType<unknown>,
  ],
  ['bytes', light.bytes() as full.OptionType<unknown>, full.bytes() as full.OptionType<unknown>],
  ['choice', light.choice(['a', 'b']) as full.OptionType<unknown>, full.choice(['a', 'b']) as full.OptionType<unknown>],
  [
    'list',
    light.list(light.integer({ min: 1, max: 9 })) as full.OptionType<unknown>,
    full.list(full.integer({ min: 1, max: 9 })) as full.OptionType<unknown>,
  ],
  ['listenAddress', light.listenAddress() as full.OptionType<unknown>, full.listenAddress() as full.OptionType<unknown>],
];
const VALUES: readonly unknown[] = [
  'http://mapper:9090',
  'https://[fd00::1]:9443/query',
  'HTTP://mapper',
  'mapper:9090',
  '//mapper',
  'ftp://mapper/query',
  '',
  'x',
  'a',
  'b',
  '0',
  '1',
  '5',
  '-5',
  '5.5',
  '10',
  5,
  10,
  5.5,
  true,
  false,
  'true',
  'no',
  'TRUE',
  '1s',
  '0.5s',
  '500ms',
  '2m',
  '2 m',
  '1h',
  '1y',
  '64Mi',
  '1.5Ki',
  '512',
  '1Zi',
  '-1Mi',
  '1,2',
  '1,,2',
  '1, 20',
  [1, 2],
  ['1', 20],
  [],
  null,
  undefined,
  {},
  ':80',
  'host:80',
  '[::1]:80',
  '::1:80',
  ':99999',
  80,
  'host',
];

describe.each(PAIRS)('%s', (_name, lightType, fullType) => {
  test('has the same form', () => expect([lightType.form, lightType.isSwitch]).toEqual([fullType.form, fullType.isSwitch]));

  test.each(VALUES.map((value) => [JSON.stringify(value) ?? 'undefined', value] as const))('reads %s alike', (_shown, value) => {
    const expected = fullType.schema.safeParse(value);
    const actual = lightType.schema.safeParse(value);
    const shown = (type: full.OptionType<unknown>, result: typeof actual): string =>
      result.success ? type.format(result.data) : 'refused';
    expect([actual.data, shown(lightType, actual)]).toEqual([expected.data, shown(fullType, expected)]);
  });
});
