import type { AuthorizationFields, AuthorizationPolicyRecord, AuthorizationRule } from './authorization-policy.ts';
import { ipBlockContains } from './cidr.ts';
import type { PolicyEnd, PolicyState } from './evaluate-network-policy.ts';
import type { MeshProtection } from './protection.ts';

/** What of a call Istio's policies look at; what is absent is not known. */
export interface MeshCall {
  readonly client: PolicyEnd;
  /** Service account of a client that is a pod. */
  readonly clientServiceAccount?: string;
  readonly server: PolicyEnd;
  readonly port?: number;
  /** Services by which the server was called: `namespace/name`. */
  readonly services?: readonly string[];
  readonly http?: readonly { readonly path: string; readonly methods: readonly string[] }[];
}

export interface MeshOptions {
  /** Policies of this namespace hold for the whole mesh. */
  readonly rootNamespace: string;
  /** Part of every identity: `<trustDomain>/ns/<namespace>/sa/<account>`. */
  readonly trustDomain: string;
}

export const MESH_DEFAULTS: MeshOptions = { rootNamespace: 'istio-system', trustDomain: 'cluster.local' };

type Answer = 'yes' | 'no' | 'maybe';

/**
 * Whether a mesh's AuthorizationPolicies let the call through (Istio documentation, "Authorization Policy", "Implicit
 * enablement"): CUSTOM and DENY come before ALLOW; a workload with ALLOW policies refuses what none of them matches; one
 * without any is open. Clients are taken to be in the mesh, because only there do identities exist.
 */
export function evaluateAuthorizationPolicies(
  call: MeshCall,
  policies: readonly AuthorizationPolicyRecord[],
  options: MeshOptions = MESH_DEFAULTS,
): MeshProtection {
  const own = restrictingPolicies(call, policies, options);
  if (own.length === 0) return { state: 'open', policies: [] };
  const answers = own.map((policy) => ({ policy, answer: any(policy.rules.map((rule) => matchRule(rule, call, options))) }));
  const named = (action: AuthorizationPolicyRecord['action'], ...wanted: readonly Answer[]) =>
    answers.filter(({ policy, answer }) => policy.action === action && wanted.includes(answer)).map(({ policy }) => policy);
  const denying = named('DENY', 'yes');
  if (denying.length > 0) return verdict('denied', denying);
  const allow = named('ALLOW', 'yes', 'no', 'maybe');
  const allowing = named('ALLOW', 'yes');
  const mayAllow = named('ALLOW', 'maybe');
  if (allow.length > 0 && allowing.length === 0 && mayAllow.length === 0) return verdict('denied', allow);
  const unsure = [...named('DENY', 'maybe'), ...named('CUSTOM', 'yes', 'maybe'), ...(allowing.length === 0 ? mayAllow : [])];
  if (unsure.length > 0) return verdict('unknown', unsure);
  return allow.length === 0 ? { state: 'open', policies: [] } : verdict('allowed', allowing);
}

/** Policies that apply to a server and may refuse a call to it. */
export function restrictingPolicies(
  call: Pick<MeshCall, 'server' | 'services'>,
  policies: readonly AuthorizationPolicyRecord[],
  options: MeshOptions = MESH_DEFAULTS,
): readonly AuthorizationPolicyRecord[] {
  return policies.filter((policy) => policy.action !== 'AUDIT' && applies(policy, call, options));
}

function verdict(state: PolicyState, policies: readonly AuthorizationPolicyRecord[]): MeshProtection {
  return { state, policies: policies.map(({ namespace, name }) => `${namespace}/${name}`).toSorted() };
}

function applies(
  { namespace, matchLabels, targetRefs }: AuthorizationPolicyRecord,
  { server, services }: Pick<MeshCall, 'server' | 'services'>,
  options: MeshOptions,
): boolean | undefined {
  if (server.type !== 'pod') return false;
  if (targetRefs !== undefined) {
    return targetRefs.some((ref) => ref.startsWith('Service/') && services?.includes(`${namespace}/${ref.slice('Service/'.length)}`));
  }
  if (namespace !== server.namespace && namespace !== options.rootNamespace) return false;
  return Object.entries(matchLabels ?? {}).every(([key, value]) => Object.hasOwn(server.labels, key) && server.labels[key] === value);
}

function matchRule({ from, to, hasConditions }: AuthorizationRule, call: MeshCall, options: MeshOptions): Answer {
  const source =
    from === undefined ? 'yes' : any(from.map((fields) => all(fields, (name, values) => matchSource(name, values, call, options))));
  const operation = to === undefined ? 'yes' : any(to.map((fields) => all(fields, (name, values) => matchOperation(name, values, call))));
  return both([source, operation, hasConditions === true ? 'maybe' : 'yes']);
}

function any(answers: readonly Answer[]): Answer {
  return answers.includes('yes') ? 'yes' : answers.includes('maybe') ? 'maybe' : 'no';
}

function both(answers: readonly Answer[]): Answer {
  return answers.includes('no') ? 'no' : answers.includes('maybe') ? 'maybe' : 'yes';
}

function not(answer: Answer): Answer {
  return answer === 'maybe' ? 'maybe' : answer === 'yes' ? 'no' : 'yes';
}

/** `notPrincipals` is `principals` the other way round, and so on. */
function all(fields: AuthorizationFields, match: (name: string, values: readonly string[]) => Answer): Answer {
  return both(
    Object.entries(fields).map(([field, values]) => {
      if (!/^not[A-Z]/.test(field)) return match(field, values);
      return not(match(`${field.charAt(3).toLowerCase()}${field.slice(4)}`, values));
    }),
  );
}

function matchSource(name: string, values: readonly string[], { client, clientServiceAccount }: MeshCall, options: MeshOptions): Answer {
  switch (name) {
    case 'namespaces':
      return yesNo(client.type === 'pod' && values.some((value) => matchText(value, client.namespace)));
    case 'principals':
      return client.type === 'pod'
        ? any(values.map((value) => matchPrincipal(value, client.namespace, clientServiceAccount, options)))
        : 'no';
    case 'serviceAccounts': {
      if (client.type !== 'pod') return 'no';
      const inNamespace = values.flatMap((value) => {
        const [namespace, account] = value.includes('/') ? value.split('/') : [client.namespace, value];
        return namespace === client.namespace ? [account] : [];
      });
      if (inNamespace.length === 0) return 'no';
      return clientServiceAccount === undefined ? 'maybe' : yesNo(inNamespace.includes(clientServiceAccount));
    }
    case 'ipBlocks': {
      const addresses = client.addresses ?? [];
      if (addresses.length === 0) return 'maybe';
      const inside = addresses.filter((address) => values.some((value) => ipBlockContains({ cidr: toCidr(value) }, address))).length;
      return inside === 0 ? 'no' : inside === addresses.length ? 'yes' : 'maybe';
    }
    default:
      return 'maybe';
  }
}

/** Without the account the answer is certain only where the namespace already decides it. */
function matchPrincipal(value: string, namespace: string, account: string | undefined, { trustDomain }: MeshOptions): Answer {
  const identity = `${trustDomain}/ns/${namespace}/sa/`;
  if (account !== undefined) return yesNo(matchText(value, `${identity}${account}`));
  if (value === '*') return 'yes';
  if (value.startsWith('*')) return 'maybe';
  if (value.endsWith('*') && identity.startsWith(value.slice(0, -1))) return 'yes';
  return value.startsWith(identity) ? 'maybe' : 'no';
}

function matchOperation(name: string, values: readonly string[], { port, http = [] }: MeshCall): Answer {
  if (name === 'ports') return port === undefined ? 'maybe' : yesNo(values.includes(String(port)));
  if (name !== 'paths' && name !== 'methods') return 'maybe';
  // Path templates (`/a/{*}`) are compared by the proxy only.
  if (http.length === 0 || values.some((value) => value.includes('{'))) return 'maybe';
  const requests = name === 'paths' ? http.map(({ path }) => path) : http.flatMap(({ methods }) => methods);
  if (requests.length === 0) return 'maybe';
  const matching = requests.filter((request) => values.some((value) => matchText(value, request))).length;
  return matching === 0 ? 'no' : matching === requests.length ? 'yes' : 'maybe';
}

/** Istio's string matches: exact, `prefix*`, `*suffix`, and `*` for anything that is there. */
function matchText(pattern: string, text: string): boolean {
  if (pattern === '*') return text !== '';
  if (pattern.endsWith('*')) return text.startsWith(pattern.slice(0, -1));
  if (pattern.startsWith('*')) return text.endsWith(pattern.slice(1));
  return pattern === text;
}

function toCidr(text: string): string {
  return text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`;
}

function yesNo(value: boolean): Answer {
  return value ? 'yes' : 'no';
}
