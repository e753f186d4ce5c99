import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generateApi } from '../../../tools/generate-api.ts';

test.each(Object.entries(generateApi()))('%s is what the schema says (else: node tools/generate-api.ts)', (name, text) => {
  expect(readFileSync(new URL(`./generated/${name}`, import.meta.url), 'utf8')).toBe(text);
});
