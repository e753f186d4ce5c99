import { readFileSync } from 'node:fs';
import { DROP_REASONS } from '@nm/core';
import { FRAME_REASONS } from '@nm/wire';
import { expect, test } from 'vitest';

const page = readFileSync(new URL('../docs/troubleshooting.md', import.meta.url), 'utf8');

test.each([...DROP_REASONS, ...FRAME_REASONS])('docs/troubleshooting.md says what %s means', (reason) => {
  expect(page).toContain(`\`${reason}\``);
});
