import { expect, test } from 'vitest';
import { createOwnProtocol } from './own-protocol.ts';
import { retryAfterMs } from './report-protocol.ts';

test.each([
  ['seconds', '3', 3_000],
  ['a date', 'Thu, 01 Jan 1970 00:00:05 GMT', 4_000],
  ['a date of the past', 'Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['less than nothing', '-5', 0],
  ['longer than a timer takes', '99999999999', 600_000],
  ['nothing', '', undefined],
  ['words', 'later', undefined],
])('Retry-After: %s', (_, header, expected) => expect(retryAfterMs(header, 1_000)).toBe(expected));

test.each([
  ['a wait that no timer takes', 1e300, 600_000],
  ['a wait of less than nothing', -1, 0],
  ['no number', '5', 0],
])('an answer with %s', (_, wait, expected) => {
  const report = { stored: 1, rejected: [], retryAfterMs: wait, settings: {} };
  const answer = { status: 200, retryAfter: undefined, body: JSON.stringify({ data: { report } }) };
  expect(createOwnProtocol().readAnswer(answer, 0)).toMatchObject({ kind: 'stored', retryAfterMs: expected });
});
