import { describe, expect, test } from 'vitest';
import type { Command } from './command.ts';
import { parseArguments } from './parse-arguments.ts';
import type { ProgramContext } from './program.ts';

const now = Date.UTC(2026, 0, 31, 12);
const context: ProgramContext = { env: {}, now, cwd: '/work' };
const source = { mapperNamespace: 'otterize-system', mapperServiceName: 'otterize-network-mapper', mapperServicePort: 9090 };
const read = (rest: object = {}, filter: object = {}): object => ({
  source,
  filter,
  asKubernetesService: false,
  showEvidence: false,
  showPorts: false,
  ...rest,
});
const words = (line: string): string[] => (line === '' ? [] : line.split(' '));

describe('arguments as values', () => {
  const HOUR = 3_600_000;
  const rows: [string, string, object][] = [
    ['list', 'list', { command: 'list', format: 'text', read: read() }],
    ['map file', 'list --map m.json', { command: 'list', format: 'text', read: read({ source: { ...source, map: 'm.json' } }) }],
    ['standard input', 'list --map - --format csv', { command: 'list', format: 'csv', read: read({ source: { ...source, map: '-' } }) }],
    [
      'namespaces, comma and repeated',
      'list -n a,b --namespaces c',
      { command: 'list', format: 'text', read: read({}, { namespaces: ['a', 'b', 'c'] }) },
    ],
    ['target namespace', 'list --to-namespace a', { command: 'list', format: 'text', read: read({}, { toNamespaces: ['a'] }) }],
    [
      'workloads',
      'list --workload a,b.c',
      { command: 'list', format: 'text', read: read({}, { workloads: [{ name: 'a' }, { name: 'b.c' }, { name: 'b', namespace: 'c' }] }) },
    ],
    [
      'exclude services',
      'list --exclude-services a,b.c',
      {
        command: 'list',
        format: 'text',
        read: read({}, { excludeServices: [{ name: 'a' }, { name: 'b.c' }, { name: 'b', namespace: 'c' }] }),
      },
    ],
    [
      'exclude labels',
      'list --exclude-labels a=b,c',
      {
        command: 'list',
        format: 'text',
        read: read(
          {},
          {
            excludeLabels: [
              { key: 'a', value: 'b' },
              { key: 'c', value: '' },
            ],
          },
        ),
      },
    ],
    ['server', 'list --server a.b', { command: 'list', format: 'text', read: read({}, { server: { name: 'a', namespace: 'b' } }) }],
    [
      'label and Service',
      'list --distinct-by-label app --as-kubernetes-service',
      { command: 'list', format: 'text', read: read({ distinctByLabel: 'app', asKubernetesService: true }) },
    ],
    ['evidence shown', 'list --evidence --ports', { command: 'list', format: 'text', read: read({ showEvidence: true, showPorts: true }) }],
    [
      'evidence filtered',
      'list --evidence tcp,dns',
      { command: 'list', format: 'text', read: read({ showEvidence: true }, { evidence: ['dns', 'tcp'] }) },
    ],
    [
      'evidence filtered, one word',
      'list --evidence=http',
      { command: 'list', format: 'text', read: read({ showEvidence: true }, { evidence: ['http'] }) },
    ],
    ['since, a duration', 'list --since 24h', { command: 'list', format: 'text', read: read({}, { since: now - 24 * HOUR }) }],
    ['since, several units', 'list --since 1h30m', { command: 'list', format: 'text', read: read({}, { since: now - 1.5 * HOUR }) }],
    [
      'since and until',
      'list --since 7d --until 2026-01-31T00:00:00Z',
      { command: 'list', format: 'text', read: read({}, { since: now - 168 * HOUR, until: now - 12 * HOUR }) },
    ],
    [
      'system and unknown',
      'list --include-system --include-unknown',
      { command: 'list', format: 'text', read: read({}, { includeSystem: true, includeUnknown: true }) },
    ],
    [
      'mapper flags',
      'list --mapper-namespace a --mapper-service-name b --mapper-service-port 1 --context c --kubeconfig d',
      {
        command: 'list',
        format: 'text',
        read: read({ source: { mapperNamespace: 'a', mapperServiceName: 'b', mapperServicePort: 1, context: 'c', kubeconfig: 'd' } }),
      },
    ],
    [
      'export',
      'export',
      { command: 'export', format: 'yaml', outputType: 'single-file', version: 'v1alpha3', includeDenied: false, read: read() },
    ],
    [
      'export v2 json',
      'export --output-version v2 --format json -o a',
      {
        command: 'export',
        format: 'json',
        outputType: 'single-file',
        version: 'v2beta1',
        includeDenied: false,
        read: read({ output: 'a' }),
      },
    ],
    [
      'export, long version name',
      'export --output-version k8s.otterize.com/v2beta1',
      { command: 'export', format: 'yaml', outputType: 'single-file', version: 'v2beta1', includeDenied: false, read: read() },
    ],
    [
      'export to a folder',
      'export --output-type dir --output out',
      { command: 'export', format: 'yaml', outputType: 'dir', version: 'v1alpha3', includeDenied: false, read: read({ output: 'out' }) },
    ],
    ['visualize, format by ending', 'visualize -o a.svg', { command: 'visualize', format: 'svg', read: read({ output: 'a.svg' }) }],
    ['visualize, old flag', 'visualize --output-path a.jpeg', { command: 'visualize', format: 'jpg', read: read({ output: 'a.jpeg' }) }],
    ['visualize, png unless said', 'visualize -o a', { command: 'visualize', format: 'png', read: read({ output: 'a' }) }],
    [
      'visualize, any name when the format is given',
      'visualize -o a.xyz --format svg',
      { command: 'visualize', format: 'svg', read: read({ output: 'a.xyz' }) },
    ],
    ['visualize, a dot in the folder', 'visualize -o a.b/c', { command: 'visualize', format: 'png', read: read({ output: 'a.b/c' }) }],
    ['visualize, text to standard output', 'visualize --format dot', { command: 'visualize', format: 'dot', read: read() }],
    [
      'diff of two files',
      'diff a b',
      { command: 'diff', format: 'text', counts: false, operands: ['a', 'b'], windows: [{}, {}], read: read() },
    ],
    [
      'diff with evidence before operands',
      'diff --evidence a b',
      { command: 'diff', format: 'text', counts: false, operands: ['a', 'b'], windows: [{}, {}], read: read({ showEvidence: true }) },
    ],
    [
      'diff of two windows',
      'diff --map m --since 14d --until 7d --since 7d --format md',
      {
        command: 'diff',
        format: 'markdown',
        counts: false,
        operands: ['m'],
        windows: [{ since: now - 336 * HOUR, until: now - 168 * HOUR }, { since: now - 168 * HOUR }],
        read: read({ source: { ...source, map: 'm' } }),
      },
    ],
    [
      'map',
      'map --kube a --kube /b,c --pcap d --include-unknown -o m',
      {
        command: 'map',
        quiet: false,
        output: 'm',
        build: {
          kube: ['/work/a', '/b,c'],
          pcap: ['/work/d'],
          proc: [],
          clusterName: 'default',
          clusterDomain: 'cluster.local',
          customOwners: [],
          includeUnknown: true,
        },
      },
    ],
    ['completion', 'completion fish', { command: 'completion', shell: 'fish' }],
    ['version', 'version', { command: 'version', format: 'text' }],
    ['reset', 'reset -y --url http://x', { command: 'reset', yes: true, source: { ...source, url: 'http://x' } }],
    ['open', 'open --no-browser', { command: 'open', browser: false, source }],
  ];
  test.each(rows)('%s', (_name, line, expected) => expect(parseArguments(words(line), context)).toEqual(expected));
});

describe('wrong arguments, one line each', () => {
  test.each([
    ['list --formt x', "unknown option '--formt' (Did you mean --format?)"],
    ['lst', "unknown command 'lst' (Did you mean list?)"],
    ['list extra', "too many arguments for 'list'. Expected 0 arguments but got 1: extra."],
    ['list --format xml', 'unexpected output format xml, use one of (text, table, json, csv)'],
    ['export --format xml', 'unexpected output format xml, use one of (yaml, json, map, csv)'],
    ['export --output-version v3', 'unexpected output version v3, use one of (v1, v2)'],
    ['export --output-version v3 -o x', 'unexpected output version v3, use one of (v1, v2)'],
    ['export --output-version constructor', 'unexpected output version constructor, use one of (v1, v2)'],
    ['export --output-type dir', 'flag --output-type requires --output to specify output path'],
    ['export --output-type tar -o x', 'unexpected output type tar, use one of (single-file, dir)'],
    ['export --server a', 'invalid server filter. Expected format: <server-name>.<namespace>'],
    ['export --server a.b.c', 'invalid server filter. Expected format: <server-name>.<namespace>'],
    ['list --server a.b -n c', 'server filter cannot be used with namespaces filter'],
    [
      'list --since soon',
      "option '--since <time>' argument 'soon' is invalid. Give a duration (15m, 24h, 7d) or a time (2026-01-31T12:00:00Z).",
    ],
    ['list --since 1h --until 2h', '--since is later than --until'],
    ['list --map a --url b', '--map and --url name two different sources: give one'],
    ['list --mapper-service-port 0', "option '--mapper-service-port <port>' argument '0' is invalid. Give a port, 1 to 65535."],
    [
      'list --evidence=magic',
      "option '--evidence [kinds]' argument 'magic' is invalid. Give one or more of dns,tcp,socket,udp,kafka,http,aws.",
    ],
    ['list -n ,', "option '-n, --namespaces <names>' argument ',' is invalid. Give at least one name."],
    ['visualize', 'visualize: name the picture with --output FILE (png is not text)'],
    [
      'visualize -o map.xyz',
      "visualize: .xyz is no format that can be drawn: end the file's name in .png, .jpg, .svg, .dot or .mmd, or give --format",
    ],
    [
      'visualize -o a.b/c.v2',
      "visualize: .v2 is no format that can be drawn: end the file's name in .png, .jpg, .svg, .dot or .mmd, or give --format",
    ],
    ['policies', "missing required argument 'kind'"],
    ['policies gcp', "command-argument value 'gcp' is invalid for argument 'kind'. Allowed choices are aws."],
    ['diff a', 'diff: give two maps (diff A B), or one and two windows (--since or --until twice)'],
    ['diff a b c', "too many arguments for 'diff'. Expected 2 arguments but got 3: a, b, c."],
    ['map --kube a', 'map: give at least one capture (--pcap FILE) or copy of /proc (--proc DIR)'],
    ['completion csh', "command-argument value 'csh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish, powershell."],
    ['completion', "missing required argument 'shell'"],
  ])('%s', (line, message) => {
    expect(() => parseArguments(words(line), context)).toThrow(expect.objectContaining({ code: 'USAGE', message }));
  });
});

describe('environment', () => {
  const list = (env: Record<string, string>, line = 'list'): Command => parseArguments(words(line), { ...context, env });
  test.each([
    ['ours', { NETWORK_MAPPER_MAP: 'm.json' }, 'list', { source: { ...source, map: 'm.json' } }],
    ['the existing prefix', { OTTERIZE_MAPPER_NAMESPACE: 'x' }, 'list', { source: { ...source, mapperNamespace: 'x' } }],
    [
      'ours before the existing one',
      { OTTERIZE_NAMESPACES: 'a', NETWORK_MAPPER_NAMESPACES: 'b,c' },
      'list',
      { filter: { namespaces: ['b', 'c'] } },
    ],
    ['a flag before both', { OTTERIZE_NAMESPACES: 'a' }, 'list -n d', { filter: { namespaces: ['d'] } }],
    ['a switch', { NETWORK_MAPPER_INCLUDE_SYSTEM: 'true' }, 'list', { filter: { includeSystem: true } }],
    ['empty counts as not set', { NETWORK_MAPPER_MAP: '' }, 'list', { source }],
    ['the existing prefix does not reach new flags', { OTTERIZE_MAP: 'm.json' }, 'list', { source }],
  ])('%s', (_name, env, line, expected) => expect(list(env as Record<string, string>, line)).toMatchObject({ read: expected }));

  test.each([
    [{ NETWORK_MAPPER_FORMAT: 'xml' }, 'NETWORK_MAPPER_FORMAT: unexpected output format xml, use one of (text, table, json, csv)'],
    [{ OTTERIZE_MAPPER_SERVICE_PORT: 'x' }, 'OTTERIZE_MAPPER_SERVICE_PORT: Give a port, 1 to 65535.'],
    [{ NETWORK_MAPPER_PORTS: 'maybe' }, 'NETWORK_MAPPER_PORTS: expected true or false, got "maybe"'],
  ])('a wrong value names its variable: %o', (env, message) => {
    expect(() => list(env as unknown as Record<string, string>)).toThrow(expect.objectContaining({ code: 'USAGE', message }));
  });
});

describe('help', () => {
  test.each([['--help'], ['help'], ['']])('%j lists the commands', (line) => {
    const command = parseArguments(words(line), { ...context, otherCommands: [{ name: 'mapper', summary: 'keep the map' }] });
    expect(command).toMatchObject({ command: 'help', text: expect.stringContaining('visualize [options]') });
    expect(command).toMatchObject({ text: expect.stringMatching(/mapper +keep the map/) });
  });
  test('of a command, with examples', () => {
    expect(parseArguments(['list', '--help'], context)).toMatchObject({
      command: 'help',
      text: expect.stringMatching(/Examples:\n {2}network-mapper list --map map\.json/),
    });
  });
});

describe('reading commands take the same flags', () => {
  const FLAGS: readonly (readonly [flags: string, expected: object])[] = [
    ['-n a,b', { filter: { namespaces: ['a', 'b'] } }],
    ['--to-namespace c', { filter: { toNamespaces: ['c'] } }],
    ['--workload w', { filter: { workloads: [{ name: 'w' }] } }],
    ['--server s.n', { filter: { server: { name: 's', namespace: 'n' } } }],
    ['--exclude-services x', { filter: { excludeServices: [{ name: 'x' }] } }],
    ['--exclude-labels k=v', { filter: { excludeLabels: [{ key: 'k', value: 'v' }] } }],
    ['--evidence tcp', { filter: { evidence: ['tcp'] }, showEvidence: true }],
    ['--include-system', { filter: { includeSystem: true } }],
    ['--include-unknown', { filter: { includeUnknown: true } }],
    ['--distinct-by-label app', { distinctByLabel: 'app' }],
    ['--as-kubernetes-service', { asKubernetesService: true }],
    ['--ports', { showPorts: true }],
    ['--url http://m', { source: { url: 'http://m' } }],
    ['--context c --kubeconfig f', { source: { context: 'c', kubeconfig: 'f' } }],
  ];
  test.each(['list', 'export', 'visualize -o a.png', 'diff a b', 'snapshot', 'watch', 'policies aws'])('%s', (command) => {
    for (const [flags, expected] of FLAGS) expect(parseArguments(words(`${command} ${flags}`), context)).toMatchObject({ read: expected });
    const windowed = parseArguments(words(`${command} --since 2h --until 1h`), context);
    const window = { since: context.now - 7_200_000, until: context.now - 3_600_000 };
    expect(windowed).toMatchObject(command.startsWith('diff') ? { windows: [window, window] } : { read: { filter: window } });
  });
});
