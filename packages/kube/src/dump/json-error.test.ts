import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonErrorIndex } from './json-error.ts';

test.each<[string, number | undefined]>([
  ['{"a": [1, -2.5e3, true, null, "x\\"y"], "b": {}}', undefined],
  ['[]', undefined],
  ['{"a": }', 6],
  ['{"a": 1,}', 8],
  ['[1 2]', 3],
  ['{"a"', 4],
  ['{} x', 3],
  ['', 0],
  ['{]', 1],
  ['{1: 2}', 1],
  ['["a\nb"]', 1],
])('%j stops at %s', (text, expected) => expect(jsonErrorIndex(text)).toBe(expected));

test('a long text without an end is told at once', () => {
  const text = `["${'plain text with spaces '.repeat(5_000)}\\n`;
  expect(jsonErrorIndex(text)).toBe(1);
});

test('agrees with JSON.parse', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.constantFrom('', '{', '}', ',', '"', 'x', '1', ' '), (json, index, insert) => {
      const at = index % (json.length + 1);
      const text = json.slice(0, at) + insert + json.slice(at);
      let isJson = true;
      try {
        JSON.parse(text);
      } catch {
        isJson = false;
      }
      expect(jsonErrorIndex(text) === undefined).toBe(isJson);
    }),
  );
});
