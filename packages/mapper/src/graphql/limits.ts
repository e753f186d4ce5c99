import { GraphQLError, Kind, visit } from 'graphql';
import type { DocumentNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql';

/** Bounds of one query document. */
export const QUERY_LIMITS = {
  /** Characters of the query text; variables are not part of it. */
  maxLength: 65_536,
  maxTokens: 4_000,
  /** Fields below one another. */
  maxDepth: 14,
  /** Fields in all, with every fragment counted where it is used. */
  maxFields: 2_000,
  /** Fields and uses of fragments: fragments that hold nothing but others twice would double without an end. */
  maxSelections: 10_000,
  /** Fields of the query type itself, so that aliases do not multiply work. */
  maxRootFields: 20,
  /** Of them those that read the whole map. */
  maxWholeFields: 2,
} as const;

const WHOLE_FIELDS: ReadonlySet<string> = new Set(['intents', 'serviceIntents', 'overview', 'declaredCalls']);

interface Size {
  fields: number;
  rootFields: number;
  wholeFields: number;
  selections: number;
}

/** What of a document is beyond the bounds, as a validation error; undefined when nothing is. */
export function checkLimits(document: DocumentNode): GraphQLError | undefined {
  const fragments = new Map<string, FragmentDefinitionNode>();
  visit(document, { FragmentDefinition: (node) => void fragments.set(node.name.value, node) });
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const size: Size = { fields: 0, rootFields: 0, wholeFields: 0, selections: 0 };
    const problem = measure(definition.selectionSet, 1, new Set(), fragments, size);
    if (problem !== undefined) return new GraphQLError(problem, { extensions: { code: 'QUERY_TOO_LARGE' } });
  }
  return undefined;
}

function measure(
  selections: SelectionSetNode,
  depth: number,
  path: ReadonlySet<string>,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  size: Size,
): string | undefined {
  if (depth > QUERY_LIMITS.maxDepth) return `the query is deeper than ${QUERY_LIMITS.maxDepth} fields`;
  for (const selection of selections.selections) {
    let problem: string | undefined;
    size.selections++;
    if (size.selections > QUERY_LIMITS.maxSelections) return `the query uses more than ${QUERY_LIMITS.maxSelections} fields and fragments`;
    if (selection.kind === Kind.FIELD) {
      size.fields++;
      if (depth === 1) size.rootFields++;
      if (depth === 1 && WHOLE_FIELDS.has(selection.name.value)) size.wholeFields++;
      if (size.wholeFields > QUERY_LIMITS.maxWholeFields)
        return `the query asks for the whole map more than ${QUERY_LIMITS.maxWholeFields} times`;
      if (size.fields > QUERY_LIMITS.maxFields) return `the query has more than ${QUERY_LIMITS.maxFields} fields`;
      if (size.rootFields > QUERY_LIMITS.maxRootFields) return `the query asks for more than ${QUERY_LIMITS.maxRootFields} things at once`;
      if (selection.selectionSet) problem = measure(selection.selectionSet, depth + 1, path, fragments, size);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      problem = measure(selection.selectionSet, depth, path, fragments, size);
    } else {
      const name = selection.name.value;
      const fragment = fragments.get(name);
      // An unknown fragment or a cycle of fragments is an error of validation itself.
      if (fragment !== undefined && !path.has(name)) {
        problem = measure(fragment.selectionSet, depth, new Set([...path, name]), fragments, size);
      }
    }
    if (problem !== undefined) return problem;
  }
  return undefined;
}
