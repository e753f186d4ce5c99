import {
  getOperationAST,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { checkLimits, QUERY_LIMITS } from './limits.ts';

/** A query text, checked: a document that may be executed, or what is wrong with it. */
export type CheckedQuery = { readonly document: DocumentNode } | { readonly errors: readonly GraphQLError[] };

/** Checks query texts, each once: reporters and the UI send the same few again and again. */
export interface QueryCache {
  check(text: string): CheckedQuery;
}

const MAX_CACHED = 500;
/** Characters of texts that are kept; a parsed document takes about a hundred times as many bytes. */
const MAX_CACHED_LENGTH = 256 * 1_024;
const MAX_CACHED_TEXT = 16 * 1_024;

export function createQueryCache(schema: GraphQLSchema, options: { readonly introspection: boolean }): QueryCache {
  const cache = new Map<string, CheckedQuery>();
  let length = 0;
  const rules = options.introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];

  function checkNow(text: string): CheckedQuery {
    if (text.length > QUERY_LIMITS.maxLength) {
      return {
        errors: [
          new GraphQLError(`the query is longer than ${QUERY_LIMITS.maxLength} characters`, { extensions: { code: 'QUERY_TOO_LARGE' } }),
        ],
      };
    }
    let document: DocumentNode;
    try {
      document = parse(text, { maxTokens: QUERY_LIMITS.maxTokens, noLocation: false });
    } catch (error) {
      if (error instanceof GraphQLError) return { errors: [error] };
      throw error;
    }
    const limit = checkLimits(document);
    if (limit !== undefined) return { errors: [limit] };
    const errors = validate(schema, document, rules, { maxErrors: 20 });
    return errors.length > 0 ? { errors } : { document };
  }

  function keep(text: string, checked: CheckedQuery): void {
    cache.set(text, checked);
    length += text.length;
    for (const oldest of cache.keys()) {
      if (cache.size <= MAX_CACHED && length <= MAX_CACHED_LENGTH) break;
      cache.delete(oldest);
      length -= oldest.length;
    }
  }

  return {
    check(text) {
      const known = cache.get(text);
      if (known !== undefined) return known;
      const checked = checkNow(text);
      if ('document' in checked && text.length <= MAX_CACHED_TEXT) keep(text, checked);
      return checked;
    },
  };
}

/** Whether the operation of that name (or the only one) is a subscription. */
export function isSubscription(document: DocumentNode, operationName: string | undefined): boolean {
  return getOperationAST(document, operationName)?.operation === OperationTypeNode.SUBSCRIPTION;
}
