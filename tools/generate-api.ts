import { readFileSync, writeFileSync } from 'node:fs';
import { buildSchema, isEnumType, isInputObjectType, isListType, isNonNullType, isObjectType } from 'graphql';
import type { GraphQLInputObjectType, GraphQLObjectType, GraphQLOutputType, GraphQLSchema, GraphQLType } from 'graphql';

/**
 * Writes packages/api/src/generated/ from packages/api/schema.graphql: the types, and the schema as a module, because
 * bundles and browsers read no files. `node tools/generate-api.ts`; a test fails when the result is not checked in.
 */
const SCHEMA_FILE = new URL('../packages/api/schema.graphql', import.meta.url);
const GENERATED = new URL('../packages/api/src/generated/', import.meta.url);
const HEADER = '// Written by tools/generate-api.ts from schema.graphql. Do not edit.\n';

const SCALARS: Readonly<Record<string, string>> = {
  Int: 'number',
  Float: 'number',
  String: 'string',
  ID: 'string',
  Boolean: 'boolean',
  Time: 'string',
  StringMap: 'Readonly<Record<string, string>>',
  CountMap: 'Readonly<Record<string, number>>',
  ReportBatch: 'ReportBatchBody',
};

/** Generated files by name. */
export function generateApi(): Readonly<Record<string, string>> {
  const text = readFileSync(SCHEMA_FILE, 'utf8');
  return {
    'schema-types.ts': `${HEADER}import type { ReportBatch as ReportBatchBody } from '../report/format.ts';\n${toTypes(buildSchema(text))}`,
    'schema-text.ts': `${HEADER}export const SCHEMA_TEXT = ${JSON.stringify(text)};\n`,
  };
}

function toTypes(schema: GraphQLSchema): string {
  const roots = new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);
  const parts: string[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    if (isEnumType(type))
      parts.push(
        toUnion(
          type.name,
          type.getValues().map((value) => value.name),
        ),
      );
    else if (isInputObjectType(type)) parts.push(toInput(type));
    else if (isObjectType(type)) parts.push(toOutput(type), ...(roots.has(type) ? toArguments(type) : []));
  }
  return parts.join('');
}

function toUnion(name: string, values: readonly string[]): string {
  return `\nexport type ${name} = ${values.map((value) => `'${value}'`).join(' | ')};\n`;
}

function toInput(type: GraphQLInputObjectType): string {
  return toInterface(
    type.name,
    Object.values(type.getFields()).map((field) => inputField(field.name, field.type)),
  );
}

function toOutput(type: GraphQLObjectType): string {
  return toInterface(
    type.name,
    Object.values(type.getFields()).map((field) => `readonly ${field.name}: ${toTypeText(field.type)};`),
  );
}

/** `QueryEdgesArgs` and so on, for every field of a root type that takes arguments. */
function toArguments(type: GraphQLObjectType): string[] {
  return Object.values(type.getFields())
    .filter((field) => field.args.length > 0)
    .map((field) =>
      toInterface(
        `${type.name}${field.name.charAt(0).toUpperCase()}${field.name.slice(1)}Args`,
        field.args.map((argument) => inputField(argument.name, argument.type)),
      ),
    );
}

function inputField(name: string, type: GraphQLType): string {
  return `readonly ${name}${isNonNullType(type) ? '' : '?'}: ${toTypeText(type)};`;
}

function toInterface(name: string, fields: readonly string[]): string {
  return `\nexport interface ${name} {\n${fields.map((field) => `  ${field}\n`).join('')}}\n`;
}

function toTypeText(type: GraphQLType | GraphQLOutputType): string {
  if (isNonNullType(type)) return toNullableText(type.ofType);
  return `${toNullableText(type)} | null`;
}

function toNullableText(type: GraphQLType): string {
  if (isListType(type)) {
    const item = toTypeText(type.ofType);
    return item.includes(' ') ? `readonly (${item})[]` : `readonly ${item}[]`;
  }
  const name = 'name' in type ? type.name : String(type);
  return SCALARS[name] ?? name;
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(generateApi())) writeFileSync(new URL(name, GENERATED), text);
}
