import type { ActionPair, ArnContext } from './aws-request.ts';

const VERBS: Readonly<Record<string, string>> = {
  SELECT: 'PartiQLSelect',
  INSERT: 'PartiQLInsert',
  UPDATE: 'PartiQLUpdate',
  DELETE: 'PartiQLDelete',
  EXISTS: 'PartiQLSelect',
};
const TABLE =
  /^\s*(?:(SELECT|EXISTS)\b[\s\S]*?\bFROM|(INSERT)\s+INTO|(UPDATE)|(DELETE)\s+FROM)\s+(?:"([^"]+)"|([\w.-]+))(?:\s*\.\s*"?([\w.-]+)"?)?/i;

/** Actions of PartiQL statements on DynamoDB: the verb, and the table or index after FROM, INTO or UPDATE. */
export function readPartiql(statements: readonly string[], { partition, region, account }: ArnContext): ActionPair[] {
  return statements.flatMap((statement): ActionPair[] => {
    const match = TABLE.exec(statement.slice(0, 8_192));
    const [, select, insert, update, remove, quoted, bare, index] = match ?? [];
    const action = VERBS[(select ?? insert ?? update ?? remove ?? '').toUpperCase()];
    if (action === undefined) return [];
    const whole = quoted ?? bare ?? '*';
    const [table = '*', ownIndex] = quoted === undefined && index === undefined ? [whole] : [whole, index];
    const resource = `arn:${partition}:dynamodb:${region}:${account}:table/${table}`;
    return [{ action: `dynamodb:${action}`, resource: ownIndex === undefined ? resource : `${resource}/index/${ownIndex}` }];
  });
}
