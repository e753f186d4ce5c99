import { AWS_RESOURCE_LEVELS } from '@nm/core';
import { Option } from 'commander';
import type { Command as Program } from 'commander';
import { parseInstant, parseEvidence, parseList, parsePort, parseServer, parseWord } from './values.ts';

/** Flags that the existing command line has; they are also read from OTTERIZE_<FLAG>. Ours, all, from NETWORK_MAPPER_<FLAG>. */
export const COMPATIBLE_FLAGS: ReadonlySet<string> = new Set([
  '--mapper-service-name',
  '--mapper-namespace',
  '--mapper-service-port',
  '--exclude-services',
  '--exclude-labels',
  '--namespaces',
  '--distinct-by-label',
  '--as-kubernetes-service',
  '--format',
  '--output',
  '--output-type',
  '--output-version',
  '--server',
]);

export function addSourceOptions(program: Program): Program {
  return program
    .addOption(new Option('--map <file>', 'read a map file (- for standard input) instead of a running mapper'))
    .addOption(new Option('--url <url>', 'address of a mapper, instead of finding it through the kubeconfig'))
    .addOption(contextOption())
    .addOption(kubeconfigOption())
    .addOption(new Option('--mapper-namespace <name>', 'namespace of the mapper').default('otterize-system'))
    .addOption(new Option('--mapper-service-name <name>', 'Service of the mapper').default('otterize-network-mapper'))
    .addOption(new Option('--mapper-service-port <port>', 'port of that Service').argParser(parsePort).default(9090));
}

/** Which cluster, for a command that needs no mapper. */
export function addClusterOptions(program: Program): Program {
  return program.addOption(contextOption()).addOption(kubeconfigOption());
}

function contextOption(): Option {
  return new Option('--context <name>', 'kubeconfig context');
}

function kubeconfigOption(): Option {
  return new Option('--kubeconfig <file>', 'kubeconfig file');
}

export function addFilterOptions(program: Program, now: number): Program {
  const instant = (text: string): number => parseInstant(text, now);
  return addWindowOptions(addEdgeOptions(program), instant);
}

/** The same for a command that takes two windows: each flag may be given twice. */
export function addTwoWindowFilterOptions(program: Program, now: number): Program {
  const instants = (text: string, previous: number[] | undefined): number[] => [...(previous ?? []), parseInstant(text, now)];
  return addWindowOptions(addEdgeOptions(program), instants);
}

function addWindowOptions(program: Program, parse: (text: string, previous: number[] | undefined) => number | number[]): Program {
  return program
    .addOption(
      new Option('--since <time>', 'only what was active after it: a duration before now (24h) or a time (RFC 3339)').argParser<
        number | number[]
      >((text, previous) => parse(text, Array.isArray(previous) ? previous : undefined)),
    )
    .addOption(
      new Option('--until <time>', 'only what was active before it').argParser<number | number[]>((text, previous) =>
        parse(text, Array.isArray(previous) ? previous : undefined),
      ),
    );
}

function addEdgeOptions(program: Program): Program {
  return program
    .addOption(new Option('-n, --namespaces <names>', 'only calls of clients in these namespaces').argParser(parseList))
    .addOption(new Option('--to-namespace <names>', 'only calls to servers in these namespaces').argParser(parseList))
    .addOption(new Option('--workload <names>', 'only calls from or to these workloads (name or name.namespace)').argParser(parseList))
    .addOption(
      new Option('--server <name.namespace>', 'only clients of this server, with everything that they call').argParser(parseServer),
    )
    .addOption(new Option('--exclude-services <names>', 'leave these clients and servers out').argParser(parseList))
    .addOption(new Option('--exclude-labels <labels>', 'leave clients and servers with these labels out (key=value)').argParser(parseList))
    .addOption(new Option('--distinct-by-label <key>', 'group clients by the value of this label instead of by namespace'))
    .addOption(new Option('--as-kubernetes-service', 'name the Service that was called instead of the workload behind it'))
    .addOption(
      new Option('--evidence [kinds]', 'show how each call is known; with kinds (dns,tcp,…) only calls known so').argParser(parseEvidence),
    )
    .addOption(new Option('--ports', "show the servers' ports"))
    .addOption(new Option('--include-system', 'node-local, DNS and our own traffic too'))
    .addOption(new Option('--include-unknown', 'addresses in the cluster that nobody owned too'));
}

/** For commands that show the edges of one moment, merged as they like. */
export function addResourceLevelOption(program: Program): Program {
  return program.addOption(
    new Option('--aws-resource-level <level>', 'tell objects of S3 apart by bucket, prefix or object (default: object)').argParser(
      parseWord('level', AWS_RESOURCE_LEVELS),
    ),
  );
}

export function addOutputOption(program: Program, description: string): Program {
  return program
    .addOption(new Option('-o, --output <file>', description))
    .addOption(new Option('--output-path <file>', 'the same').hideHelp());
}
