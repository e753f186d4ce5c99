/** A statement of an IAM policy document. */
export interface IamStatement {
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

export interface IamPolicy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly IamStatement[];
}

/** What a workload was seen doing to one resource: an edge of the map to an AWS peer. */
export interface AwsAccess {
  readonly resource: string;
  readonly actions: readonly string[];
}

/** Characters without white space of a managed policy (IAM quotas). */
export const MAX_POLICY_CHARACTERS = 6_144;

/**
 * Least-privilege policy documents for what was seen: resources with the same actions share a statement, and so do actions with
 * the same resources; all sorted. More than one document where one would be over IAM's quota; a statement that alone is over it
 * is split by its resources.
 */
export function toIamPolicies(accesses: readonly AwsAccess[], maxCharacters: number = MAX_POLICY_CHARACTERS): IamPolicy[] {
  const policies: IamStatement[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const statement of toStatements(accesses).flatMap((one) => split(one, maxCharacters - EMPTY_CHARACTERS))) {
    const length = JSON.stringify(statement).length + 1;
    if (size + length > maxCharacters) {
      policies.push([]);
      size = EMPTY_CHARACTERS;
    }
    policies.at(-1)?.push(statement);
    size += length;
  }
  return policies.map((Statement) => ({ Version: '2012-10-17', Statement }));
}

const EMPTY_CHARACTERS = JSON.stringify({ Version: '2012-10-17', Statement: [] }).length;

function toStatements(accesses: readonly AwsAccess[]): IamStatement[] {
  const actionsOf = new Map<string, Set<string>>();
  for (const { resource, actions } of accesses) {
    const known = actionsOf.get(resource) ?? new Set();
    for (const action of actions) known.add(action);
    actionsOf.set(resource, known);
  }
  // An action on everything needs no narrower statement beside it.
  const everywhere = actionsOf.get('*') ?? new Set();
  const byActions = new Map<string, { readonly actions: readonly string[]; readonly resources: string[] }>();
  for (const [resource, set] of actionsOf) {
    const actions = [...set].filter((action) => resource === '*' || !everywhere.has(action)).toSorted();
    if (actions.length === 0) continue;
    const key = actions.join(' ');
    const group = byActions.get(key) ?? { actions, resources: [] };
    group.resources.push(resource);
    byActions.set(key, group);
  }
  return [...byActions.values()]
    .map(({ actions, resources }): IamStatement => ({ Effect: 'Allow', Action: actions, Resource: resources.toSorted() }))
    .toSorted((a, b) => compare(a.Action.join(' '), b.Action.join(' ')) || compare(a.Resource.join(' '), b.Resource.join(' ')));
}

function split(statement: IamStatement, maxCharacters: number): IamStatement[] {
  const { Resource: resources } = statement;
  if (JSON.stringify(statement).length + 1 <= maxCharacters || resources.length < 2) return [statement];
  const half = Math.ceil(resources.length / 2);
  return [resources.slice(0, half), resources.slice(half)].flatMap((part) => split({ ...statement, Resource: part }, maxCharacters));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
