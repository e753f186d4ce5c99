/**
 * Istio's AuthorizationPolicy (security.istio.io) as the evaluator needs it; field names are those of its API. An empty
 * rule matches every request, no rule matches none.
 */
export interface AuthorizationPolicyRecord {
  readonly namespace: string;
  readonly name: string;
  readonly action: 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM';
  /** Absent: every workload of the namespace, or of the mesh when that is the root namespace. */
  readonly matchLabels?: Readonly<Record<string, string>>;
  /** It is attached to Services or gateways instead of workloads: `Kind/name`. */
  readonly targetRefs?: readonly string[];
  readonly rules: readonly AuthorizationRule[];
}

export interface AuthorizationRule {
  readonly from?: readonly AuthorizationFields[];
  readonly to?: readonly AuthorizationFields[];
  /** Conditions on attributes that are not kept: whether one holds is unknown. */
  readonly hasConditions?: boolean;
}

/** `principals`, `notPrincipals`, `namespaces`, `ipBlocks`, `ports`, `methods`, `paths` …: all given must hold. */
export type AuthorizationFields = Readonly<Record<string, readonly string[]>>;

/** An AuthorizationPolicy object of the Kubernetes API as a record; undefined when it is not one. */
export function parseAuthorizationPolicy(object: unknown): AuthorizationPolicyRecord | undefined {
  const policy = asRecord(object);
  const metadata = asRecord(policy?.['metadata']);
  const spec = asRecord(policy?.['spec']) ?? {};
  const [kind, name, namespace] = [policy?.['kind'], metadata?.['name'], metadata?.['namespace'] ?? 'default'];
  if ((kind !== undefined && kind !== 'AuthorizationPolicy') || typeof name !== 'string' || typeof namespace !== 'string') return undefined;
  const action = spec['action'] ?? 'ALLOW';
  if (action !== 'ALLOW' && action !== 'DENY' && action !== 'AUDIT' && action !== 'CUSTOM') return undefined;
  const labels = asRecord(asRecord(spec['selector'])?.['matchLabels']);
  const refs = [...asArray(spec['targetRefs']), ...(spec['targetRef'] === undefined ? [] : [spec['targetRef']])].map(asRecord);
  return {
    namespace,
    name,
    action,
    rules: asArray(spec['rules']).map(parseRule),
    ...(labels !== undefined && {
      matchLabels: Object.fromEntries(Object.entries(labels).filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
    }),
    ...(refs.length > 0 && { targetRefs: refs.map((ref) => `${String(ref?.['kind'])}/${String(ref?.['name'])}`) }),
  };
}

function parseRule(value: unknown): AuthorizationRule {
  const rule = asRecord(value) ?? {};
  const part = (field: 'from' | 'to', inner: string) => {
    const items = asArray(rule[field]).map((item) => parseFields(asRecord(item)?.[inner]));
    return items.length > 0 ? { [field]: items } : {};
  };
  return { ...part('from', 'source'), ...part('to', 'operation'), ...(asArray(rule['when']).length > 0 && { hasConditions: true }) };
}

function parseFields(value: unknown): AuthorizationFields {
  const fields = Object.entries(asRecord(value) ?? {}).filter((entry): entry is [string, unknown[]] => Array.isArray(entry[1]));
  return Object.fromEntries(fields.map(([name, list]) => [name, list.map(String)]).filter(([, list]) => (list?.length ?? 0) > 0));
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
