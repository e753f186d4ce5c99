import { SCHEMA_TEXT } from '@nm/api';
import { buildASTSchema, GraphQLScalarType, GraphQLSchema, Kind, parse, visit } from 'graphql';
import type { DocumentNode } from 'graphql';
import { INT, REPORT_BATCH, TIME } from './scalars.ts';
import type { ScalarCodec } from './scalars.ts';

const INT_STAND_IN = 'Int53';

/**
 * The executable schema. GraphQL's own Int ends at 32 bits, and a schema text cannot replace it; so Int is built under
 * another name and gets its own back afterwards: on the wire nothing differs.
 */
export function createSchema(): GraphQLSchema {
  const document: DocumentNode = visit(parse(SCHEMA_TEXT), {
    NamedType: (node) => (node.name.value === 'Int' ? { ...node, name: { ...node.name, value: INT_STAND_IN } } : undefined),
  });
  const standIn = { kind: Kind.SCALAR_TYPE_DEFINITION, name: { kind: Kind.NAME, value: INT_STAND_IN } } as const;
  const built = buildASTSchema({ ...document, definitions: [...document.definitions, standIn] });
  setCodec(built, INT_STAND_IN, INT);
  setCodec(built, 'Time', TIME);
  setCodec(built, 'ReportBatch', REPORT_BATCH);
  scalarOf(built, INT_STAND_IN).name = 'Int';
  return new GraphQLSchema(built.toConfig());
}

function setCodec(schema: GraphQLSchema, name: string, codec: ScalarCodec): void {
  const { toOutput, fromInput, fromLiteral } = codec;
  Object.assign(scalarOf(schema, name), {
    serialize: toOutput,
    coerceOutputValue: toOutput,
    parseValue: fromInput,
    coerceInputValue: fromInput,
    parseLiteral: fromLiteral,
    coerceInputLiteral: fromLiteral,
  });
}

function scalarOf(schema: GraphQLSchema, name: string): GraphQLScalarType {
  const type = schema.getType(name);
  if (!(type instanceof GraphQLScalarType)) throw new Error(`the schema has no scalar ${name}`);
  return type;
}
