import { describe, expect, test } from 'vitest';
import { FILE_SECTIONS, loadOptions } from './load-options.ts';
import { option, optional } from './option-table.ts';
import { boolean, bytes, choice, duration, integer, list, listenAddress, pairs, text } from './option-type.ts';
import { showOptions } from './show-options.ts';

const TABLE = {
  listen: option({ flag: 'listen', type: listenAddress(), default: { port: 9090 }, help: 'Where.' }),
  retention: option({ flag: 'retention', type: duration({ minMs: 1_000 }), default: 2_592_000_000, help: 'How long.' }),
  level: option({ flag: 'log-level', type: choice(['debug', 'info']), default: 'info', help: 'Level.', oldEnv: ['OTTERIZE_LOG_LEVEL'] }),
  max: option({ flag: 'max-edges', type: integer({ min: 1, max: 10 }), default: 5, help: 'Bound.' }),
  body: option({ flag: 'max-body', type: bytes(), default: 1_048_576, help: 'Bound.' }),
  kube: option({ flag: 'kube', type: list(text()), default: [], help: 'Dumps.' }),
  reset: option({ flag: 'loopback-reset', type: boolean(), default: true, help: 'Reset.', key: 'auth.loopbackReset' }),
  token: optional({ flag: 'token', type: text(), secret: 'value', help: 'Token.' }),
  store: optional({ flag: 'store', type: text(), secret: 'password', help: 'Database.' }),
  environments: option({ flag: 'environments', type: pairs('name=pattern'), default: {}, help: 'Environments.' }),
};

async function load(argv: string[], env: Record<string, string> = {}, file?: string) {
  const readFile = (path: string): Promise<string> =>
    file === undefined ? Promise.reject(new Error(`no ${path}`)) : Promise.resolve(file);
  return loadOptions(TABLE, { argv, env, readFile }, { part: 'mapper' });
}

describe('precedence', () => {
  const file = 'maxEdges: 2\n';
  const env = { NETWORK_MAPPER_MAX_EDGES: '3' };
  test.each([
    ['flag first', ['--max-edges', '4', '--config', 'f'], env, 4, 'flag --max-edges'],
    ['then environment', ['--config', 'f'], env, 3, 'environment NETWORK_MAPPER_MAX_EDGES'],
    ['then file', ['--config=f'], {}, 2, 'file f: maxEdges'],
    ['then default', [], {}, 5, 'default'],
  ])('%s', async (_, argv, environment, value, where) => {
    const loaded = await load(argv, environment as Record<string, string>, file);
    expect([loaded.values.max, loaded.origins.max.where]).toEqual([value, where]);
  });

  test('the new variable wins over the old one', async () => {
    const loaded = await load([], { OTTERIZE_LOG_LEVEL: 'debug', NETWORK_MAPPER_LOG_LEVEL: 'info' });
    expect(loaded.values.level).toBe('info');
  });
});

describe('values', () => {
  test.each([
    ['a port', ['--listen', ':80'], 'listen', { port: 80 }],
    ['a host', ['--listen=127.0.0.1:0'], 'listen', { host: '127.0.0.1', port: 0 }],
    ['IPv6', ['--listen', '[::1]:80'], 'listen', { host: '::1', port: 80 }],
    ['days', ['--retention', '7d'], 'retention', 604_800_000],
    ['half an hour', ['--retention', '0.5h'], 'retention', 1_800_000],
    ['bytes', ['--max-body', '2Mi'], 'body', 2_097_152],
    ['a list', ['--kube', 'a,b', '--kube', 'c'], 'kube', ['a', 'b', 'c']],
    ['a switch', ['--loopback-reset'], 'reset', true],
    ['a switch off', ['--no-loopback-reset'], 'reset', false],
    ['a switch with a value', ['--loopback-reset=false'], 'reset', false],
    ['pairs', ['--environments', 'prod=shop-*|pay,dev=dev-*'], 'environments', { prod: ['shop-*', 'pay'], dev: ['dev-*'] }],
  ])('%s', async (_, argv, name, value) => {
    expect((await load(argv)).values[name as keyof typeof TABLE]).toEqual(value);
  });

  test('a file may nest, hold a section for the part and sections of others', async () => {
    const sections = FILE_SECTIONS.filter((name) => name !== 'mapper').map((name) => `${name}: {anything: 1}\n`);
    const file = `auth: {loopbackReset: false}\nkube: [a]\nenvironments: {prod: ["shop-*"]}\nmapper: {maxEdges: 7}\n${sections.join('')}`;
    const { values } = await load(['--config', 'f'], {}, file);
    expect([values.reset, values.kube, values.environments, values.max]).toEqual([false, ['a'], { prod: ['shop-*'] }, 7]);
  });

  test('positional arguments are left', async () => {
    expect((await load(['config', 'show', '--max-edges', '1', '--', '--x'])).positional).toEqual(['config', 'show', '--x']);
  });
});

describe('a start stops at', () => {
  const cases: readonly [string, string[], Record<string, string>, string | undefined, string, RegExp][] = [
    ['an unknown flag', ['--retentoin', '1d'], {}, undefined, 'option_unknown', /unknown flag --retentoin; did you mean --retention\?/],
    ['a flag without its value', ['--retention'], {}, undefined, 'option_invalid', /--retention needs a value/],
    ['an unknown variable', [], { NETWORK_MAPPER_LISTENN: 'x' }, undefined, 'option_unknown', /did you mean NETWORK_MAPPER_LISTEN\?/],
    [
      'an unknown key',
      ['--config', 'f'],
      {},
      'auth: {loopbackRest: true}',
      'option_unknown',
      /f: unknown key auth\.loopbackRest; did you mean auth\.loopbackReset\?/,
    ],
    [
      'a bad duration',
      [],
      { NETWORK_MAPPER_RETENTION: '30' },
      undefined,
      'option_invalid',
      /environment NETWORK_MAPPER_RETENTION: "30" is not a duration such as/,
    ],
    [
      'a number out of bounds',
      ['--config', 'f'],
      {},
      'maxEdges: 11',
      'option_invalid',
      /file f: maxEdges: 11 is not a whole number from 1 to 10/,
    ],
    ['a bad choice', ['--log-level', 'loud'], {}, undefined, 'option_invalid', /"loud" is not one of debug, info/],
    ['a bad port', ['--listen', ':99999'], {}, undefined, 'option_invalid', /is not host:port/],
    ['a missing file', ['--config', 'nowhere'], {}, undefined, 'config_unreadable', /cannot read the configuration file nowhere/],
    ['a file that is no YAML', ['--config', 'f'], {}, '{', 'config_unreadable', /f is neither YAML nor JSON: .*[^:]$/],
    ['a file that is a list', ['--config', 'f'], {}, '- a', 'config_unreadable', /must hold a map/],
  ];
  test.each(cases)('%s', async (_, argv, env, file, code, message) => {
    await expect(load(argv, env, file)).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  test.each([
    'NETWORK_MAPPER_SERVICE_HOST',
    'NETWORK_MAPPER_PORT',
    'NETWORK_MAPPER_PORT_9090_TCP_ADDR',
    'NETWORK_MAPPER_SERVICE_PORT_HTTP',
  ])('but not at %s, which others set', async (variable) => {
    expect((await load([], { [variable]: 'x' })).values.max).toBe(5);
  });
});

test('config show tells value and source, and masks secrets', async () => {
  const loaded = await load(['--token', 'hush', '--max-edges', '3']);
  const shown = showOptions(TABLE, loaded);
  expect(shown).toMatch(/^maxEdges +3 +flag --max-edges$/m);
  expect(shown).toMatch(/^token +\*\*\* +flag --token$/m);
  expect(shown).toMatch(/^retention +30d +default$/m);
  expect(shown).not.toContain('hush');
});

test.each([
  ['sqlite:/data/map.db', 'sqlite:/data/map.db'],
  ['postgres://db.example:5432/map', 'postgres://db.example:5432/map'],
  ['postgres://me:hush@db.example:5432/map?password=hush&sslmode=require', 'postgres://me:***@db.example:5432/map?***'],
  ['postgres://me@db.example/map', 'postgres://me@db.example/map'],
  ['postgres://me:hu/sh@db.example:port', '***'],
])('config show of the address %s', async (store, expected) => {
  const row = showOptions(TABLE, await load(['--store', store]))
    .split('\n')
    .find((line) => line.startsWith('store'));
  expect(row?.split(/ {2,}/)[1]).toBe(expected);
});
