import { AppError } from '@nm/core';
import type { AwsResourceLevel, EdgeFilter, EvidenceKind, NameFilter } from '@nm/core';
import type { SourceOptions } from '../source/map-source.ts';
import type { Command, DIFF_FORMATS, ReadOptions } from './command.ts';
import { toLabel, toNameFilters } from './values.ts';

/** Values as commander collects them, by the flags' camel-case names. */
export interface Values {
  readonly map?: string;
  readonly url?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly mapperNamespace: string;
  readonly mapperServiceName: string;
  readonly mapperServicePort: number;
  readonly namespaces?: string[];
  readonly toNamespace?: string[];
  readonly workload?: string[];
  readonly server?: NameFilter;
  readonly excludeServices?: string[];
  readonly excludeLabels?: string[];
  readonly distinctByLabel?: string;
  readonly asKubernetesService?: boolean;
  readonly awsResourceLevel?: AwsResourceLevel;
  readonly evidence?: EvidenceKind[] | true;
  readonly ports?: boolean;
  readonly includeSystem?: boolean;
  readonly includeUnknown?: boolean;
  readonly since?: number | number[];
  readonly until?: number | number[];
  readonly output?: string;
  readonly outputPath?: string;
}

export function toDiff(values: Values & { format: (typeof DIFF_FORMATS)[number]; counts?: boolean }, operands: readonly string[]): Command {
  const { since, until, ...rest } = values;
  const sinces = [since ?? []].flat();
  const untils = [until ?? []].flat();
  if (sinces.length > 2 || untils.length > 2) throw usage('diff: at most two windows: give --since and --until at most twice each');
  const sources = operands.length === 0 && values.map !== undefined ? [values.map] : operands.length === 0 ? ['cluster'] : operands;
  if (values.map !== undefined && operands.length > 0) throw usage('diff: name the maps as arguments, or one with --map and two windows');
  if (sources.length === 1 && sinces.length < 2 && untils.length < 2) {
    throw usage('diff: give two maps (diff A B), or one and two windows (--since or --until twice)');
  }
  const windowAt = (index: 0 | 1): { since?: number; until?: number } => ({
    ...given('since', index === 0 || sinces.length < 2 ? sinces[0] : sinces[1]),
    ...given(
      'until',
      index === 0 || untils.length < 2 ? (sources.length === 1 && untils.length === 1 && index === 1 ? undefined : untils[0]) : untils[1],
    ),
  });
  return {
    command: 'diff',
    read: toReadOptions(rest),
    format: values.format,
    operands: sources,
    windows: [windowAt(0), windowAt(1)],
    counts: values.counts === true,
  };
}

export function toSourceOptions(values: Values): SourceOptions {
  if (values.map !== undefined && values.url !== undefined) throw usage('--map and --url name two different sources: give one');
  return {
    ...given('map', values.map),
    ...given('url', values.url),
    ...given('context', values.context),
    ...given('kubeconfig', values.kubeconfig),
    mapperNamespace: values.mapperNamespace,
    mapperServiceName: values.mapperServiceName,
    mapperServicePort: values.mapperServicePort,
  };
}

export function toReadOptions(values: Values): ReadOptions {
  if (values.server !== undefined && values.namespaces !== undefined) throw usage('server filter cannot be used with namespaces filter');
  const [since] = [values.since ?? []].flat();
  const [until] = [values.until ?? []].flat();
  if (since !== undefined && until !== undefined && since > until) throw usage('--since is later than --until');
  const filter: EdgeFilter = {
    ...given('namespaces', values.namespaces),
    ...given('toNamespaces', values.toNamespace),
    ...given('workloads', values.workload?.flatMap(toNameFilters)),
    ...given('server', values.server),
    ...given('excludeServices', values.excludeServices?.flatMap(toNameFilters)),
    ...given('excludeLabels', values.excludeLabels?.map(toLabel)),
    ...given('evidence', values.evidence === true ? undefined : values.evidence),
    ...given('since', since),
    ...given('until', until),
    ...given('includeSystem', values.includeSystem),
    ...given('includeUnknown', values.includeUnknown),
  };
  return {
    source: toSourceOptions(values),
    filter,
    ...given('distinctByLabel', values.distinctByLabel),
    asKubernetesService: values.asKubernetesService === true,
    ...given('awsResourceLevel', values.awsResourceLevel),
    showEvidence: values.evidence !== undefined,
    showPorts: values.ports === true,
    ...given('output', values.output ?? values.outputPath),
  };
}

/** A field that is absent rather than undefined. */
export function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}

export function usage(message: string): AppError<'USAGE'> {
  return new AppError('USAGE', message);
}
