/**
 * NetworkPolicy (networking.k8s.io/v1) as the evaluator needs it; field names are those of the Kubernetes API, so that
 * a policy reads the same here and there. Absent and empty lists mean different things in that API: keep them apart.
 */
export interface NetworkPolicyRecord {
  readonly namespace: string;
  readonly name: string;
  /** Pods to which the policy applies; an empty selector selects every pod of the namespace. */
  readonly podSelector: LabelSelector;
  /** Absent: Ingress always, Egress when there is at least one egress rule. */
  readonly policyTypes?: readonly PolicyDirection[];
  readonly ingress?: readonly PolicyRule[];
  readonly egress?: readonly PolicyRule[];
}

export type PolicyDirection = 'Ingress' | 'Egress';

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly LabelExpression[];
}

export interface LabelExpression {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

/** One rule: any of the peers at any of the ports. */
export interface PolicyRule {
  /** `from` of an ingress rule, `to` of an egress rule; absent or empty means everybody. */
  readonly peers?: readonly PolicyPeer[];
  /** Absent or empty means every port. */
  readonly ports?: readonly PolicyPort[];
}

/** podSelector and namespaceSelector in one peer must both match; ipBlock stands alone. */
export interface PolicyPeer {
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

export interface PolicyPort {
  /** TCP unless given. */
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP';
  /** Number, or the name of a container port of the server; absent means every port of the protocol. */
  readonly port?: number | string;
  /** Last port of a range that begins at the numeric `port`. */
  readonly endPort?: number;
}

/** The directions that a policy restricts, with the API's default applied. */
export function policyDirections(policy: NetworkPolicyRecord): readonly PolicyDirection[] {
  if (policy.policyTypes !== undefined && policy.policyTypes.length > 0) return policy.policyTypes;
  return (policy.egress?.length ?? 0) > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}
