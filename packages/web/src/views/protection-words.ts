import type { IntentState, PolicyState } from '@nm/core';
import type { ProtectionState } from '../graph/filter.ts';

/** What the states of policies and intents are called, in full and on a label. */
export const PROTECTION_WORDS: Readonly<Record<ProtectionState, string>> = {
  allowed: 'Allowed by policy',
  denied: 'Would be denied by policy',
  open: 'No policy selects either end',
  unknown: 'Policies cannot be judged',
  declared: 'Declared',
  undeclared: 'Undeclared',
  unmanaged: 'Nothing declared',
  unseen: 'Declared, never seen',
};

/** The same for a cell of the table. */
export const SHORT_WORDS: Readonly<Record<ProtectionState, string>> = {
  allowed: 'allowed',
  denied: 'would be denied',
  open: 'no policy',
  unknown: 'not certain',
  declared: 'declared',
  undeclared: 'undeclared',
  unmanaged: 'nothing declared',
  unseen: 'declared, never seen',
};

export const NETWORK_TEXTS: Readonly<Record<PolicyState, string>> = {
  allowed: 'Network policies allow it',
  denied: 'Network policies would deny it',
  open: 'No network policy selects either end',
  unknown: 'Network policies cannot be judged',
};

export const MESH_TEXTS: Readonly<Record<PolicyState, string>> = {
  allowed: 'The mesh’s authorization policies allow it',
  denied: 'The mesh’s authorization policies would deny it',
  open: 'No authorization policy of the mesh applies',
  unknown: 'The mesh’s policies cannot be judged',
};

export const INTENT_TEXTS: Readonly<Record<IntentState, string>> = {
  declared: 'Declared in ClientIntents',
  undeclared: 'Undeclared: would be blocked once enforced',
  unmanaged: 'Nothing declared about this server',
  unseen: 'Declared in ClientIntents, never seen',
};

/** Why an answer of policies is less than certain. */
export function caveatText(caveat: string): string {
  return CAVEATS.get(caveat) ?? caveat;
}

const CAVEATS: ReadonlyMap<string, string> = new Map([
  ['labels-unknown', 'the labels of an end are not known'],
  ['host-network', 'a pod on the node’s network is beyond network policies'],
  ['node-local', 'a node may always call its own pods'],
  ['addresses-unknown', 'not all addresses are known'],
  ['ip-block-inside-cluster', 'an ipBlock names addresses inside the cluster, which not every network plugin obeys'],
  ['port-unknown', 'the port is not known'],
]);
