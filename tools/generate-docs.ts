import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { API_ERRORS } from '@nm/api';
import { AWS_METRICS, AWS_OPTIONS } from '@nm/aws';
import { DUMP_ERRORS, KUBE_ERRORS } from '@nm/kube';
import { MAPPER_ERRORS, MAPPER_METRICS, MAPPER_OPTIONS } from '@nm/mapper';
import { envName, fileKey, HTTP_ERRORS, LIFECYCLE_ERRORS, OPTION_ERRORS } from '@nm/runtime';
import type { MetricTable, OptionTable } from '@nm/runtime';
import { CAPTURE_OPTIONS, SNIFFER_ERRORS, SNIFFER_METRICS, SNIFFER_OPTIONS } from '@nm/sniffer';
import { CAPTURE_FILE_ERRORS } from '@nm/sniffer/files';
import { ISTIO_METRICS, ISTIO_OPTIONS, KAFKA_METRICS, KAFKA_OPTIONS } from '@nm/watchers';
import { withDiagram } from './architecture-diagram.ts';

/**
 * Writes docs/reference/{options,metrics,errors}.md from the tables in code: `node tools/generate-docs.ts`. A test
 * fails when they are not what is checked in. A new part adds its tables to the lists below.
 */
const OPTIONS: readonly { readonly part: string; readonly table: OptionTable }[] = [
  { part: 'mapper', table: MAPPER_OPTIONS },
  { part: 'sniffer', table: SNIFFER_OPTIONS },
  { part: 'capture', table: CAPTURE_OPTIONS },
  { part: 'kafka-watcher', table: KAFKA_OPTIONS },
  { part: 'istio-watcher', table: ISTIO_OPTIONS },
  { part: 'aws-visibility', table: AWS_OPTIONS },
];

const METRICS: readonly { readonly part: string; readonly table: MetricTable }[] = [
  { part: 'mapper', table: MAPPER_METRICS },
  { part: 'sniffer', table: SNIFFER_METRICS },
  { part: 'kafka-watcher', table: KAFKA_METRICS },
  { part: 'istio-watcher', table: ISTIO_METRICS },
  { part: 'aws-visibility', table: AWS_METRICS },
];

const ERRORS: readonly { readonly part: string; readonly table: Readonly<Record<string, string>> }[] = [
  { part: 'every part, at its start and end', table: { ...OPTION_ERRORS, ...HTTP_ERRORS, ...LIFECYCLE_ERRORS } },
  { part: 'command line and reporters, when they ask the mapper', table: API_ERRORS },
  { part: 'mapper', table: MAPPER_ERRORS },
  { part: 'sniffer and capture', table: SNIFFER_ERRORS },
  { part: 'whatever reads captures', table: CAPTURE_FILE_ERRORS },
  { part: 'whatever asks the Kubernetes API', table: KUBE_ERRORS },
  { part: 'whatever reads dumps', table: DUMP_ERRORS },
];

const DOCS = new URL('../docs/reference/', import.meta.url);
const NOTE = '<!-- Written by tools/generate-docs.ts from the tables in code. Do not edit. -->\n\n';

/** Pages by file name. */
export function generateDocs(): Readonly<Record<string, string>> {
  return { 'options.md': optionsPage(), 'metrics.md': metricsPage(), 'errors.md': errorsPage() };
}

function optionsPage(): string {
  const intro =
    '# Options\n\n' +
    'Each option is a flag, an environment variable and a key of the file that `--config` names (YAML or JSON). A flag wins over the environment, the environment over the file, the file over the default. ' +
    'Unknown keys and values that cannot be read stop the start. `network-mapper PART config show` prints every value of a part that runs in a cluster, and where it came from. ' +
    'A file may hold the options of several parts, each under its name: `mapper`, `sniffer`, `kafka`, `istio`, `aws`.\n';
  const parts = OPTIONS.map(({ part, table }) => {
    const entries = Object.values(table).map((definition) => {
      const value = definition.defaultText ?? (definition.default === undefined ? '' : definition.type.format(definition.default));
      const old = definition.oldEnv === undefined ? '' : `- also read: ${definition.oldEnv.map((name) => `\`${name}\``).join(', ')}\n`;
      return (
        `### \`--${definition.flag}\`\n\n${definition.help}\n\n` +
        `- form: ${definition.type.form}\n- default: ${value === '' ? 'none' : `\`${value}\``}\n` +
        `- environment: \`${envName(definition)}\`\n- file: \`${fileKey(definition)}\`\n${old}`
      );
    });
    return `\n## ${part}\n\n${entries.join('\n')}`;
  });
  return NOTE + intro + parts.join('');
}

function metricsPage(): string {
  const intro =
    '# Metrics\n\nEvery long-running part serves them at `/metrics` on port 2112, together with the usual `process_*` and `nodejs_*`. ' +
    'Names without the prefix `network_mapper_` are those of the existing network mapper, kept for its dashboards.\n';
  const parts = METRICS.map(({ part, table }) => {
    const rows = Object.values(table).map(
      ({ name, type, labels, help }) =>
        `| \`${name}\` | ${type} | ${(labels ?? []).map((label) => `\`${label}\``).join(', ')} | ${help} |\n`,
    );
    return `\n## ${part}\n\n| name | type | labels | meaning |\n|---|---|---|---|\n${rows.join('')}`;
  });
  return NOTE + intro + parts.join('');
}

function errorsPage(): string {
  const intro = '# Errors\n\nThe code is in the log, in GraphQL answers (`extensions.code`), and stays the same when the text changes.\n';
  const parts = ERRORS.map(({ part, table }) => {
    const rows = Object.entries(table).map(([code, meaning]) => `| \`${code}\` | ${meaning} |\n`);
    return `\n## ${part}\n\n| code | meaning, and what to do |\n|---|---|\n${rows.join('')}`;
  });
  return NOTE + intro + parts.join('');
}

if (import.meta.main) {
  mkdirSync(DOCS, { recursive: true });
  for (const [name, text] of Object.entries(generateDocs())) writeFileSync(new URL(name, DOCS), text);
  const architecture = new URL('../architecture.md', DOCS);
  writeFileSync(architecture, withDiagram(readFileSync(architecture, 'utf8')));
}
