import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createListScanner } from './list-scanner.ts';

function scan(text: string, chunkBytes: number): { items: unknown[]; list: unknown } {
  const items: unknown[] = [];
  const scanner = createListScanner((item) => items.push(item));
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += chunkBytes) scanner.push(bytes.subarray(start, start + chunkBytes));
  return { items, list: scanner.end() };
}

test('a list in chunks of any size gives what JSON.parse gives', () => {
  const item = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue());
  fc.assert(
    fc.property(
      fc.array(item),
      fc.jsonValue(),
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom(undefined, 1),
      fc.boolean(),
      (items, metadata, size, indent, itemsFirst) => {
        const list = itemsFirst ? { items, kind: 'List', metadata } : { kind: 'a "items": [', metadata: { items: [metadata] }, items };
        const found = scan(JSON.stringify(list, undefined, indent), size);
        const expected = JSON.parse(JSON.stringify(list)) as { items: unknown[] };
        expect(found.items).toEqual(expected.items);
        expect(found.list).toEqual({ ...expected, items: [] });
      },
    ),
  );
});

test('items that are no objects are told as null', () => {
  expect(scan('{"items":[1, {"a":"x, y"} , null,"b, c",[2,3], true]}', 4).items).toEqual([null, { a: 'x, y' }, null, null, [2, 3], null]);
});

describe('what is no list', () => {
  test.each(['', '{', '{"items":[', '{"items":[{"a":1}', '<html>', '{"items":[{"a" 1}]}', '{"items":[{]]}', 'null x'])('%j', (text) => {
    expect(() => scan(text, 3)).toThrow(SyntaxError);
  });

  test.each<[string, unknown]>([
    ['[]', []],
    ['{"items":null}', { items: null }],
    ['{"kind":"Status","code":500}', { kind: 'Status', code: 500 }],
  ])('%j', (text, list) => expect(scan(text, 2)).toEqual({ items: [], list }));
});
