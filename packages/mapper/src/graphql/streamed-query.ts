import { getArgumentValues, getNullableType, getOperationAST, getVariableValues, isListType, Kind, OperationTypeNode } from 'graphql';
import type { DocumentNode, FragmentDefinitionNode, GraphQLSchema } from 'graphql';
import { collectFields, createSelectionWriter, selectionSetsOf } from './selection-writer.ts';
import type { RequestContext } from './request-context.ts';

/** Rows of a root field that may have very many, some at a time, in their order. */
export type RowSource = (args: never, context: RequestContext) => AsyncIterable<readonly unknown[]>;

/** Text that goes out at once; about the size of a socket's buffer. */
const PIECE_LENGTH = 64 * 1_024;

/**
 * The answer to a query of one such field as pieces of JSON text, so that an answer of any size takes the memory of a
 * piece. Undefined when the query asks for anything else: graphql's executor answers it.
 */
export function toStreamedAnswer(
  deps: { readonly schema: GraphQLSchema; readonly sources: ReadonlyMap<string, RowSource> },
  request: {
    readonly document: DocumentNode;
    readonly operationName?: string | undefined;
    readonly variables?: Readonly<Record<string, unknown>> | undefined;
  },
  context: RequestContext,
): AsyncGenerator<string, void> | undefined {
  const operation = getOperationAST(request.document, request.operationName);
  const root = deps.schema.getQueryType();
  if (operation?.operation !== OperationTypeNode.QUERY || root == null || (operation.directives?.length ?? 0) > 0) return undefined;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of request.document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const fields = collectFields(root, [operation.selectionSet], fragments);
  const [only] = fields ?? [];
  if (fields?.size !== 1 || only === undefined) return undefined;
  const [key, nodes] = only;
  const [node] = nodes;
  const source = deps.sources.get(node?.name.value ?? '');
  const field = root.getFields()[node?.name.value ?? ''];
  if (node === undefined || source === undefined || field === undefined) return undefined;
  const list = getNullableType(field.type);
  if (!isListType(list)) return undefined;
  const write = createSelectionWriter(list.ofType, selectionSetsOf(nodes), fragments);
  const variables = getVariableValues(deps.schema, operation.variableDefinitions ?? [], request.variables ?? {});
  if (write === undefined || variables.variableValues === undefined) return undefined;
  const args = getArgumentValues(field, node, variables.variableValues);
  return toPieces(`{"data":{${JSON.stringify(key)}:[`, source(args as never, context), write, ']}}');
}

async function* toPieces(
  before: string,
  rows: AsyncIterable<readonly unknown[]>,
  write: (row: unknown) => string,
  after: string,
): AsyncGenerator<string, void> {
  let text = before;
  let isFirst = true;
  for await (const some of rows) {
    for (const row of some) {
      text += isFirst ? write(row) : `,${write(row)}`;
      isFirst = false;
    }
    if (text.length < PIECE_LENGTH) continue;
    yield text;
    text = '';
  }
  yield text + after;
}
