import type { DeclaredIntents, DeclaredTarget } from './declared-intents.ts';

/**
 * A ClientIntents object of the Kubernetes API as what it declares; undefined when it is not one. Versions before v2
 * say `service` and `calls`, later ones `workload` and `targets`; both are read by shape, so that versions in between
 * need no list. Targets of kinds that traffic cannot show (databases) are left out.
 */
export function parseDeclaredIntents(object: unknown): DeclaredIntents | undefined {
  const intents = asRecord(object);
  const metadata = asRecord(intents?.['metadata']);
  const spec = asRecord(intents?.['spec']);
  const kind = intents?.['kind'];
  if (kind !== undefined && kind !== 'ClientIntents') return undefined;
  const workload = asRecord(spec?.['workload']) ?? asRecord(spec?.['service']);
  const [name, workloadName] = [metadata?.['name'], workload?.['name']];
  const namespace = metadata?.['namespace'] ?? 'default';
  if (spec === undefined || typeof name !== 'string' || typeof namespace !== 'string' || typeof workloadName !== 'string') return undefined;
  return {
    namespace,
    name,
    workload: { name: workloadName, ...kindOf(workload) },
    targets: [...asArray(spec['targets']).map(parseTarget), ...asArray(spec['calls']).map(parseCall)].filter(
      (target) => target !== undefined,
    ),
  };
}

/** One entry of `spec.targets`: a record with one key. */
function parseTarget(value: unknown): DeclaredTarget | undefined {
  const target = asRecord(value);
  const kubernetes = asRecord(target?.['kubernetes']);
  if (typeof kubernetes?.['name'] === 'string') return { type: 'kubernetes', name: kubernetes['name'], ...kindOf(kubernetes) };
  const service = asRecord(target?.['service']);
  if (typeof service?.['name'] === 'string') return { type: 'service', name: service['name'] };
  const kafka = asRecord(target?.['kafka']);
  if (typeof kafka?.['name'] === 'string') return { type: 'kafka', name: kafka['name'], ...topicsOf(kafka['topics']) };
  const internet = asRecord(target?.['internet']);
  if (internet !== undefined) return { type: 'internet', ...internetOf(internet) };
  const resources = [
    ['aws', asRecord(target?.['aws'])?.['arn']],
    ['gcp', asRecord(target?.['gcp'])?.['resource']],
    ['azure', asRecord(target?.['azure'])?.['scope']],
  ] as const;
  for (const [type, resource] of resources) if (typeof resource === 'string') return { type, resource };
  return undefined;
}

/** One entry of `spec.calls`: the kind of target is in `type`; a name that begins with `svc:` is a Service's. */
function parseCall(value: unknown): DeclaredTarget | undefined {
  const call = asRecord(value);
  const [name, type] = [call?.['name'], call?.['type']];
  if (call === undefined) return undefined;
  if (type === 'internet') return { type, ...internetOf(asRecord(call['internet']) ?? {}) };
  if (typeof name !== 'string') return undefined;
  switch (type) {
    case undefined:
    case '':
    case 'http':
      if (name.startsWith('svc:')) return { type: 'service', name: name.slice('svc:'.length) };
      return { type: 'kubernetes', name, ...kindOf(call) };
    case 'kafka':
      return { type, name, ...topicsOf(call['kafkaTopics']) };
    case 'aws':
    case 'gcp':
    case 'azure':
      return { type, resource: name };
    default:
      return undefined;
  }
}

function kindOf(value: Readonly<Record<string, unknown>> | undefined): { readonly kind?: string } {
  const kind = value?.['kind'];
  return typeof kind === 'string' && kind !== '' ? { kind } : {};
}

function topicsOf(value: unknown): { readonly topics?: readonly string[] } {
  const topics = asArray(value).flatMap((topic) => strings([asRecord(topic)?.['name']]));
  return topics.length > 0 ? { topics } : {};
}

function internetOf(value: Readonly<Record<string, unknown>>) {
  const [domains, ips] = [strings(asArray(value['domains'])), strings(asArray(value['ips']))];
  const ports = asArray(value['ports']).filter((port) => typeof port === 'number');
  return { ...(domains.length > 0 && { domains }), ...(ips.length > 0 && { ips }), ...(ports.length > 0 && { ports }) };
}

function strings(values: readonly unknown[]): string[] {
  return values.filter((value) => typeof value === 'string');
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
