import type { LabelExpression, LabelSelector } from './network-policy.ts';

export type Labels = Readonly<Record<string, string>>;

/**
 * Whether labels satisfy a selector; an empty selector matches everything.
 * NotIn also matches where the key is missing, as in the Kubernetes API.
 */
export function selectorMatches(selector: LabelSelector, labels: Labels): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (!Object.hasOwn(labels, key) || labels[key] !== value) return false;
  }
  return (selector.matchExpressions ?? []).every((expression) => expressionMatches(expression, labels));
}

function expressionMatches({ key, operator, values = [] }: LabelExpression, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}
