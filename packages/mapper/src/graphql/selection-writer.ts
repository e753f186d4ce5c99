import { getNullableType, isLeafType, isListType, isNonNullType, isObjectType, Kind } from 'graphql';
import type { FieldNode, FragmentDefinitionNode, GraphQLLeafType, GraphQLObjectType, GraphQLOutputType, SelectionSetNode } from 'graphql';

/** The JSON text of a value, as far as a selection asks for it. Throws where the schema does not allow the value. */
export type ToJson = (value: unknown) => string;

/** Objects within rows whose text is kept while one answer is written. */
const MAX_KNOWN_OBJECTS = 4_096;

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/**
 * What graphql's executor would answer for a plain value, written straight to text: no object per row, no path, no
 * promise. Undefined when the selection holds what only the executor knows (directives, arguments, `__typename`).
 */
export function createSelectionWriter(
  type: GraphQLOutputType,
  sets: readonly SelectionSetNode[],
  fragments: Fragments,
): ToJson | undefined {
  const nullable = getNullableType(type);
  const write = createNonNullWriter(nullable, sets, fragments);
  if (write === undefined) return undefined;
  if (isNonNullType(type)) {
    return (value) => {
      if (value === null || value === undefined) throw new Error(`a value of type ${String(type)} is missing`);
      return write(value);
    };
  }
  return (value) => (value === null || value === undefined ? 'null' : write(value));
}

/** Fields of a selection by the key under which they are answered, in the order of answering; undefined as above. */
export function collectFields(
  type: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
  fragments: Fragments,
): ReadonlyMap<string, readonly FieldNode[]> | undefined {
  const fields = new Map<string, FieldNode[]>();
  const visited = new Set<string>();
  const collect = (set: SelectionSetNode): boolean =>
    set.selections.every((selection) => {
      if ((selection.directives?.length ?? 0) > 0) return false;
      if (selection.kind === Kind.FIELD) {
        const key = selection.alias?.value ?? selection.name.value;
        const known = fields.get(key);
        if (known === undefined) fields.set(key, [selection]);
        else known.push(selection);
        return true;
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition?.name.value;
        return (condition === undefined || condition === type.name) && collect(selection.selectionSet);
      }
      const { value: name } = selection.name;
      if (visited.has(name)) return true;
      visited.add(name);
      const fragment = fragments.get(name);
      if (fragment === undefined || (fragment.directives?.length ?? 0) > 0) return false;
      return fragment.typeCondition.name.value === type.name && collect(fragment.selectionSet);
    });
  return sets.every(collect) ? fields : undefined;
}

export function selectionSetsOf(nodes: readonly FieldNode[]): SelectionSetNode[] {
  return nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
}

function createNonNullWriter(type: GraphQLOutputType, sets: readonly SelectionSetNode[], fragments: Fragments): ToJson | undefined {
  if (isListType(type)) {
    const write = createSelectionWriter(type.ofType, sets, fragments);
    return write === undefined ? undefined : (value) => listText(value, write);
  }
  if (isLeafType(type)) return createLeafWriter(type);
  return isObjectType(type) ? createObjectWriter(type, sets, fragments) : undefined;
}

function listText(value: unknown, write: ToJson): string {
  if (!Array.isArray(value)) throw new Error('a list is not a list');
  let text = '[';
  for (let index = 0; index < value.length; index += 1) text += index === 0 ? write(value[index]) : `,${write(value[index])}`;
  return `${text}]`;
}

function createLeafWriter(type: GraphQLLeafType): ToJson {
  if (type.name === 'String') return (value) => JSON.stringify(typeof value === 'string' ? value : type.coerceOutputValue(value));
  return (value) => JSON.stringify(type.coerceOutputValue(value));
}

function createObjectWriter(type: GraphQLObjectType, sets: readonly SelectionSetNode[], fragments: Fragments): ToJson | undefined {
  const collected = collectFields(type, sets, fragments);
  if (collected === undefined) return undefined;
  const known = type.getFields();
  const fields: { readonly name: string; readonly before: string; readonly write: ToJson }[] = [];
  for (const [key, nodes] of collected) {
    const name = nodes[0]?.name.value ?? '';
    const field = known[name];
    if (field === undefined || field.args.length > 0) return undefined;
    const write = createSelectionWriter(field.type, selectionSetsOf(nodes), fragments);
    if (write === undefined) return undefined;
    const before = `${fields.length === 0 ? '{' : ','}${JSON.stringify(key)}:`;
    fields.push({ name, before, write: isObjectType(getNullableType(field.type)) ? keepTexts(write) : write });
  }
  return (value) => {
    const record = value as Readonly<Record<string, unknown>>;
    const parts: string[] = [];
    for (const { name, before, write } of fields) parts.push(before, write(record[name]));
    // Joined into one text: a chain of pieces would be gone through again wherever it is used.
    parts.push('}');
    return parts.join('');
  };
}

/** Rows that share an object share its text: the ends of many edges are the same few. */
function keepTexts(write: ToJson): ToJson {
  const texts = new Map<unknown, string>();
  return (value) => {
    const known = texts.get(value);
    if (known !== undefined) return known;
    const text = write(value);
    if (texts.size >= MAX_KNOWN_OBJECTS) texts.clear();
    texts.set(value, text);
    return text;
  };
}
