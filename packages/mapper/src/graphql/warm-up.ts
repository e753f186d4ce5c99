import { EDGES, INTENTS } from '@nm/api';
import type { QueryExecutor } from './execute-query.ts';
import type { RequestContext } from './request-context.ts';

const QUESTIONS = [
  { query: EDGES.text, variables: { first: 100 } },
  { query: INTENTS.text, variables: { namespaces: ['default'] } },
] as const;

/**
 * Asks what people ask first, before they can: the first answer of a process takes two to three times as long as the
 * second, for want of compiled code, checked queries and prepared statements.
 */
export async function warmUp(executor: QueryExecutor, signal: AbortSignal): Promise<void> {
  const context: RequestContext = { identity: { name: 'start', permissions: new Set(['read']) }, signal };
  for (const question of QUESTIONS) {
    try {
      const answer = await executor.execute(question, context);
      // Of a long answer the first piece is enough.
      if (answer.type === 'pieces') for await (const _ of answer.pieces) break;
    } catch {
      // What fails here fails again when it is asked, and whoever asks is told.
    }
  }
}
