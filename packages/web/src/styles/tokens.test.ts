import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const css = readFileSync(fileURLToPath(new URL('tokens.css', import.meta.url)), 'utf8');

/** Declarations of the rule with this selector. */
function declarations(selector: string): string[] {
  const from = css.indexOf(`${selector} {`);
  const body = from < 0 ? '' : css.slice(css.indexOf('{', from) + 1, css.indexOf('}', from));
  return body
    .split(';')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

// The canvas reads the values as they are written, so neither light-dark() nor a third rule can say them once.
test('the dark look is the same by choice and by the system', () => {
  const chosen = declarations(":root[data-theme='dark']");
  expect(chosen.length).toBeGreaterThan(20);
  expect(declarations(":root:not([data-theme='light'])")).toEqual(chosen);
});
