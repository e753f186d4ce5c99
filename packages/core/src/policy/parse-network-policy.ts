import type {
  LabelExpression,
  LabelSelector,
  NetworkPolicyRecord,
  PolicyDirection,
  PolicyPeer,
  PolicyPort,
  PolicyRule,
} from './network-policy.ts';

/**
 * A NetworkPolicy object of the Kubernetes API as a record; undefined when it is not one. Parts that have the wrong
 * type are read as "matches nothing", never as "matches everything": a policy must not look weaker than it is.
 */
export function parseNetworkPolicy(object: unknown): NetworkPolicyRecord | undefined {
  const policy = asRecord(object);
  const metadata = asRecord(policy?.['metadata']);
  const spec = asRecord(policy?.['spec']);
  const name = metadata?.['name'];
  const namespace = metadata?.['namespace'] ?? 'default';
  if (spec === undefined || typeof name !== 'string' || typeof namespace !== 'string') return undefined;
  const kind = policy?.['kind'];
  if (kind !== undefined && kind !== 'NetworkPolicy') return undefined;
  const types = asArray(spec['policyTypes'])?.filter((type): type is PolicyDirection => type === 'Ingress' || type === 'Egress');
  const ingress = asArray(spec['ingress'])?.map((rule) => parseRule(rule, 'from'));
  const egress = asArray(spec['egress'])?.map((rule) => parseRule(rule, 'to'));
  return {
    namespace,
    name,
    podSelector: parseSelector(spec['podSelector']) ?? {},
    ...(types === undefined ? {} : { policyTypes: types }),
    ...(ingress === undefined ? {} : { ingress }),
    ...(egress === undefined ? {} : { egress }),
  };
}

function parseRule(value: unknown, peerField: 'from' | 'to'): PolicyRule {
  const rule = asRecord(value) ?? {};
  const peers = asArray(rule[peerField])?.map(parsePeer);
  const ports = asArray(rule['ports'])?.map(parsePort);
  return { ...(peers === undefined ? {} : { peers }), ...(ports === undefined ? {} : { ports }) };
}

function parsePeer(value: unknown): PolicyPeer {
  const peer = asRecord(value) ?? {};
  const block = asRecord(peer['ipBlock']);
  const podSelector = parseSelector(peer['podSelector']);
  const namespaceSelector = parseSelector(peer['namespaceSelector']);
  if (block !== undefined && typeof block['cidr'] === 'string') {
    const except = asArray(block['except'])?.filter((item) => typeof item === 'string');
    return { ipBlock: { cidr: block['cidr'], ...(except === undefined ? {} : { except }) } };
  }
  return { ...(podSelector === undefined ? {} : { podSelector }), ...(namespaceSelector === undefined ? {} : { namespaceSelector }) };
}

/** Port 0 exists nowhere: it stands for a port that could not be read. */
const NO_PORT: PolicyPort = { port: 0 };

function parsePort(value: unknown): PolicyPort {
  const port = asRecord(value);
  if (port === undefined) return NO_PORT;
  const protocol = port['protocol'] ?? 'TCP';
  if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP') return NO_PORT;
  const number = port['port'];
  if (number !== undefined && number !== null && typeof number !== 'number' && typeof number !== 'string') return NO_PORT;
  const end = port['endPort'];
  return {
    protocol,
    ...(typeof number === 'number' || typeof number === 'string' ? { port: number } : {}),
    ...(typeof end === 'number' ? { endPort: end } : {}),
  };
}

function parseSelector(value: unknown): LabelSelector | undefined {
  const selector = asRecord(value);
  if (selector === undefined) return undefined;
  const labels = Object.entries(asRecord(selector['matchLabels']) ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  const expressions = (asArray(selector['matchExpressions']) ?? []).map(parseExpression);
  return {
    ...(labels.length > 0 ? { matchLabels: Object.fromEntries(labels) } : {}),
    ...(expressions.length > 0 ? { matchExpressions: expressions } : {}),
  };
}

function parseExpression(value: unknown): LabelExpression {
  const expression = asRecord(value) ?? {};
  const key = expression['key'];
  const operator = expression['operator'];
  const values = asArray(expression['values'])?.filter((item) => typeof item === 'string') ?? [];
  const isKnown = operator === 'In' || operator === 'NotIn' || operator === 'Exists' || operator === 'DoesNotExist';
  // An unreadable expression must match nothing: no value is In an empty list.
  return typeof key === 'string' && isKnown ? { key, operator, values } : { key: '', operator: 'In', values: [] };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
}

function asArray(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}
