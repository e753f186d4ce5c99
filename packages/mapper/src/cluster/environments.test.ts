import { expect, test } from 'vitest';
import { createEnvironmentRules } from './environments.ts';

const rules = createEnvironmentRules({ patterns: { prod: ['shop', 'pay-*'], dev: ['*-dev', 'a.b*'] }, label: 'env' });

test.each([
  ['shop', {}, 'prod'],
  ['shop-2', {}, undefined],
  ['pay-eu', {}, 'prod'],
  ['pay-dev', {}, 'prod'],
  ['cart-dev', {}, 'dev'],
  ['a.bc', {}, 'dev'],
  ['axbc', {}, undefined],
  ['other', { env: 'staging' }, 'staging'],
  ['other', { env: '' }, undefined],
  ['shop', { env: 'staging' }, 'prod'],
])('%s with labels %o is in %s', (namespace, labels, expected) => {
  expect(rules.environmentOf(namespace, labels)).toBe(expected);
});
