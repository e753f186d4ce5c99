import type { ClientIntentsVersion } from '@nm/core';
import { Argument, Command as Program, Option } from 'commander';
import { resolve } from 'node:path';
import {
  DIFF_FORMATS,
  EXPORT_FORMATS,
  GRAPH_FORMATS,
  LIST_FORMATS,
  POLICY_KINDS,
  SHELLS,
  STATUS_FORMATS,
  WATCH_FORMATS,
} from './command.ts';
import type { Command } from './command.ts';
import { applyEnvironment } from './environment.ts';
import { formatOfEnding, parseOutputVersion, refuseUnknownEnding } from './formats.ts';
import {
  addClusterOptions,
  addFilterOptions,
  addOutputOption,
  addResourceLevelOption,
  addSourceOptions,
  addTwoWindowFilterOptions,
} from './options.ts';
import { parseInstant, parseLength, parseList, parsePaths, parseWord } from './values.ts';
import { given, toDiff, toReadOptions, toSourceOptions, usage } from './read-options.ts';
import type { Values } from './read-options.ts';

export interface ProgramContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: number;
  readonly cwd: string;
  /** Width of help texts. */
  readonly columns?: number;
  readonly otherCommands?: readonly { readonly name: string; readonly summary: string }[];
}

/** The whole command line. `result` gives the command once `parse` ran its action. */
export function createProgram(
  context: ProgramContext,
  writeHelp: (text: string) => void,
): { readonly program: Program; readonly result: () => Command | undefined } {
  let command: Command | undefined;
  const program = new Program('network-mapper')
    .description('Shows who calls whom in Kubernetes.')
    .exitOverride()
    .configureOutput({ writeOut: writeHelp, writeErr: () => undefined, getOutHelpWidth: () => context.columns ?? 100 })
    .helpCommand('help [command]', 'the same as --help')
    .showSuggestionAfterError(true);

  /** A subcommand whose action turns its values into the command. */
  const define = <V extends object>(
    name: string,
    summary: string,
    add: (sub: Program) => Program,
    toCommand: (values: V, operands: string[]) => Command,
    examples: readonly string[],
  ): void => {
    const sub = add(program.command(name).description(summary));
    if (examples.length > 0) sub.addHelpText('after', `\nExamples:\n${examples.map((line) => `  network-mapper ${line}\n`).join('')}`);
    sub.action(() => {
      applyEnvironment(sub, context.env);
      command = toCommand(sub.opts<V>(), sub.args);
    });
  };
  const reading = (sub: Program): Program => addFilterOptions(addSourceOptions(sub), context.now);
  const showing = (sub: Program): Program => addResourceLevelOption(reading(sub));
  const format = <W extends string>(words: readonly W[], aliases: Readonly<Record<string, W>> = {}, fallback?: W): Option => {
    const option = new Option('--format <format>', words.join(', ')).argParser(parseWord('output format', words, aliases));
    return fallback === undefined ? option : option.default(fallback);
  };

  define<Values & { format: (typeof LIST_FORMATS)[number] }>(
    'list',
    'List who calls whom.',
    (sub) => addOutputOption(showing(sub), 'write to a file').addOption(format(LIST_FORMATS, {}, 'text')),
    (values) => ({ command: 'list', read: toReadOptions(values), format: values.format }),
    ['list --map map.json', 'list -n shop --ports --evidence', 'list --since 24h --format csv -o calls.csv'],
  );
  define<
    Values & {
      format: (typeof EXPORT_FORMATS)[number];
      outputType?: 'single-file' | 'dir';
      outputVersion: ClientIntentsVersion;
      includeDenied?: boolean;
    }
  >(
    'export',
    'Export the map as ClientIntents, or as a map file.',
    (sub) =>
      addOutputOption(showing(sub), 'write to a file, or to a folder with --output-type dir')
        .addOption(format(EXPORT_FORMATS, {}, 'yaml'))
        .addOption(
          new Option('--output-type <type>', 'single-file, or dir for one file per client').argParser(
            parseWord('output type', ['single-file', 'dir']),
          ),
        )
        .addOption(
          new Option('--output-version <version>', 'v1 (k8s.otterize.com/v1alpha3) or v2 (v2beta1)')
            .argParser(parseOutputVersion)
            .default('v1alpha3' satisfies ClientIntentsVersion, 'v1'),
        )
        .addOption(new Option('--include-denied', 'Kafka accesses that the broker denied too')),
    (values) => {
      const read = toReadOptions(values);
      if (values.outputType !== undefined && read.output === undefined)
        throw usage('flag --output-type requires --output to specify output path');
      if (values.outputType === 'dir' && (read.output === '-' || values.format === 'map' || values.format === 'csv'))
        throw usage('--output-type dir writes ClientIntents files into the folder that --output names');
      return {
        command: 'export',
        read,
        format: values.format,
        outputType: values.outputType ?? 'single-file',
        version: values.outputVersion,
        includeDenied: values.includeDenied === true,
      };
    },
    [
      'export --map map.json',
      'export --output-version v2 -n shop -o intents.yaml',
      'export --output-type dir -o intents/',
      'export --format map -o map.json',
    ],
  );
  define<Values & { format?: (typeof GRAPH_FORMATS)[number] }>(
    'visualize',
    'Draw the map.',
    (sub) =>
      addOutputOption(showing(sub), 'the picture; its ending chooses the format').addOption(
        format(GRAPH_FORMATS, { jpeg: 'jpg', mmd: 'mermaid' }),
      ),
    (values) => {
      const read = toReadOptions(values);
      const chosen = values.format ?? formatOfEnding(read.output) ?? 'png';
      if (values.format === undefined) refuseUnknownEnding(read.output);
      if (read.output === undefined && (chosen === 'png' || chosen === 'jpg'))
        throw usage(`visualize: name the picture with --output FILE (${chosen} is not text)`);
      return { command: 'visualize', read, format: chosen };
    },
    ['visualize --map map.json -o map.png', 'visualize -n shop --format svg -o shop.svg', 'visualize --map map.json --format mermaid'],
  );
  define<Values & { format: (typeof DIFF_FORMATS)[number]; counts?: boolean }>(
    'diff',
    'Compare two maps: files, a file and the cluster, or two windows of one map. Exits with 1 when they differ.',
    (sub) =>
      addOutputOption(addTwoWindowFilterOptions(addSourceOptions(sub), context.now), 'write to a file')
        .addArgument(new Argument('[before]', 'map file, - for standard input, or "cluster"'))
        .addArgument(new Argument('[after]', 'the same'))
        .addOption(format(DIFF_FORMATS, { md: 'markdown' }, 'text'))
        .addOption(new Option('--counts', 'changed counts are differences too')),
    (values, operands) => toDiff(values, operands),
    [
      'diff yesterday.json today.json',
      'diff baseline.json cluster --format markdown',
      'diff --map map.json --since 14d --until 7d --since 7d',
    ],
  );
  define<Values>(
    'snapshot',
    'Write the map to a file, to be read with --map.',
    (sub) => addOutputOption(reading(sub), 'the map file'),
    (values) => ({ command: 'snapshot', read: toReadOptions(values) }),
    ['snapshot -o map.json'],
  );
  define<Values>(
    'policies',
    'Print the policy that allows what a workload was seen doing: aws for IAM.',
    (sub) =>
      addOutputOption(showing(sub), 'write to a file').addArgument(new Argument('<kind>', POLICY_KINDS.join(', ')).choices(POLICY_KINDS)),
    (values, [kind]) => ({ command: 'policies', kind: POLICY_KINDS.find((one) => one === kind) ?? 'aws', read: toReadOptions(values) }),
    ['policies aws -n shop --workload orders', 'policies aws --map map.json --workload orders.shop -o policy.json'],
  );
  define<Values & { format: (typeof STATUS_FORMATS)[number] }>(
    'status',
    'Say what the mapper sees, and what it misses.',
    (sub) => addSourceOptions(sub).addOption(format(STATUS_FORMATS, {}, 'text')),
    (values) => ({ command: 'status', source: toSourceOptions(values), format: values.format }),
    ['status', 'status --map map.json'],
  );
  define<Values & { format: (typeof WATCH_FORMATS)[number] }>(
    'watch',
    'Print calls as they appear.',
    (sub) => reading(sub).addOption(format(WATCH_FORMATS, {}, 'text')),
    (values) => ({ command: 'watch', read: toReadOptions(values), format: values.format }),
    ['watch -n shop', 'watch --format json'],
  );
  define<Values & { yes?: boolean }>(
    'reset',
    'Make the mapper forget everything that it saw.',
    (sub) => addSourceOptions(sub).addOption(new Option('-y, --yes', 'do not ask')),
    (values) => ({ command: 'reset', source: toSourceOptions(values), yes: values.yes === true }),
    ['reset --yes'],
  );
  define<Values & { browser: boolean }>(
    'open',
    'Open the web UI of the mapper, or with --map the web UI without a mapper.',
    (sub) => addSourceOptions(sub).addOption(new Option('--no-browser', 'only print its address')),
    (values) => ({ command: 'open', source: toSourceOptions(values), browser: values.browser }),
    ['open', 'open --map map.json', 'open --no-browser'],
  );
  define<Values & { duration: number; thisNode?: boolean }>(
    'record',
    'Write what a map is made from into a folder: the objects of the cluster and their changes.',
    (sub) =>
      addOutputOption(addClusterOptions(sub), 'the folder')
        .addOption(
          new Option('--duration <time>', 'how long changes and traffic are recorded').argParser(parseLength).default(60_000, '60s'),
        )
        .addOption(new Option('--this-node', 'also traffic and /proc of this machine, a node of the cluster (as root)')),
    (values) => {
      const output = values.output ?? values.outputPath;
      if (output === undefined || output === '-') throw usage('record: name the folder with --output DIR');
      const source = { ...given('context', values.context), ...given('kubeconfig', values.kubeconfig) };
      return { command: 'record', source, output, durationMs: values.duration, thisNode: values.thisNode === true };
    },
    ['record -o recording/', 'record -o recording/ --duration 10m --this-node'],
  );
  define<{
    kube?: string[];
    pcap?: string[];
    proc?: string[];
    clusterName: string;
    clusterDomain: string;
    since?: number;
    until?: number;
    customOwner?: string[];
    includeUnknown?: boolean;
    output?: string;
    outputPath?: string;
    quiet?: boolean;
  }>(
    'map',
    'Make a map from captures and a dump of the cluster, without a cluster.',
    (sub) =>
      addOutputOption(sub, 'the map file')
        .addOption(new Option('--kube <path>', 'dump or watch stream of the API, file or folder; may be given again').argParser(parsePaths))
        .addOption(new Option('--pcap <file>', 'capture (pcap, pcapng); may be given again').argParser(parsePaths))
        .addOption(new Option('--proc <folder>', 'copy of /proc; may be given again').argParser(parsePaths))
        .addOption(new Option('--cluster-name <name>', "the cluster's name in the map").default('default'))
        .addOption(new Option('--cluster-domain <domain>', "the cluster's DNS domain").default('cluster.local'))
        .addOption(new Option('--since <time>', 'leave earlier packets out').argParser((text: string) => parseInstant(text, context.now)))
        .addOption(new Option('--until <time>', 'leave later packets out').argParser((text: string) => parseInstant(text, context.now)))
        .addOption(
          new Option('--custom-owner <kinds>', 'kinds that are workloads themselves, although something owns them').argParser(parseList),
        )
        .addOption(new Option('--include-unknown', 'addresses in the cluster that nobody owned too'))
        .addOption(new Option('-q, --quiet', 'no summary and no progress')),
    (values) => {
      const absolute = (paths: readonly string[] | undefined): string[] => (paths ?? []).map((path) => resolve(context.cwd, path));
      if (values.pcap === undefined && values.proc === undefined)
        throw usage('map: give at least one capture (--pcap FILE) or copy of /proc (--proc DIR)');
      if (values.clusterName === '' || values.clusterDomain === '')
        throw usage('map: --cluster-name and --cluster-domain must not be empty');
      if (values.since !== undefined && values.until !== undefined && values.since > values.until)
        throw usage('map: --since is later than --until');
      return {
        command: 'map',
        build: {
          kube: absolute(values.kube),
          pcap: absolute(values.pcap),
          proc: absolute(values.proc),
          clusterName: values.clusterName,
          clusterDomain: values.clusterDomain,
          ...given('since', values.since),
          ...given('until', values.until),
          customOwners: values.customOwner ?? [],
          ...given('includeUnknown', values.includeUnknown),
        },
        ...given('output', values.output ?? values.outputPath),
        quiet: values.quiet === true,
      };
    },
    [
      'map --kube dump/ --pcap node-a.pcap --pcap node-b.pcap -o map.json',
      'map --kube pods.json --kube services.json --proc proc-copy/ -o map.json',
    ],
  );
  define<object>(
    'completion',
    'Print a completion script for a shell.',
    (sub) => sub.addArgument(new Argument('<shell>', SHELLS.join(', ')).choices(SHELLS)),
    (_values, [shell]) => ({ command: 'completion', shell: SHELLS.find((one) => one === shell) ?? 'bash' }),
    ['completion bash > /etc/bash_completion.d/network-mapper', 'completion fish | source'],
  );
  define<{ format: 'text' | 'json' }>(
    'version',
    'Print the version.',
    (sub) => sub.addOption(format(['text', 'json'], {}, 'text')),
    (values) => ({ command: 'version', format: values.format }),
    [],
  );

  const others = context.otherCommands ?? [];
  if (others.length > 0) {
    const width = Math.max(...others.map(({ name }) => name.length));
    program.addHelpText(
      'after',
      `\nParts and tools that run elsewhere (each has its own --help):\n${others.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`).join('')}`,
    );
  }
  return { program, result: () => command };
}
