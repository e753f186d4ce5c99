import { describe, expect, it } from 'vitest';
import { createPathLimiter, toPathTemplate } from './path-template.ts';

describe('ids in paths', () => {
  it.each([
    ['/users/42/cart', '/users/{id}/cart'],
    ['/orders/0f8fad5b-d9cb-469f-a165-70867728950e', '/orders/{id}'],
    ['/blobs/9f86d081884c7d659a2feaa0c55ad015', '/blobs/{id}'],
    ['/s/dGhpcyBpcyBhIGxvbmcgaWQ0', '/s/{id}'],
    ['/days/2024-01-02', '/days/{id}'],
    ['/api/v1.2/products.json', '/api/v1.2/products.json'],
    ['/hipstershop.AdService/GetAds', '/hipstershop.AdService/GetAds'],
    ['/', '/'],
  ])('%s', (path, template) => {
    expect(toPathTemplate(path)).toBe(template);
  });
});

it('keeps whole paths until there are many, then templates, then first segments', () => {
  const limiter = createPathLimiter({ maxPlainPaths: 3, maxPaths: 5, maxPairs: 2, maxCharacters: 1_000 });
  const booked = ['/u/1', '/u/2', '/u/3', '/u/4', '/u/1', '/x/a', '/x/b', '/y/c', '/z'].map((path) => limiter.limit('p', path));
  expect(booked).toEqual(['/u/1', '/u/2', '/u/3', '/u/{id}', '/u/1', '/x/a', '/x/{path}', '/y/{path}', '/{path}']);
  expect(limiter.limit('q', '/u/9')).toBe('/u/9');
});

it('forgets the oldest pair when the paths of all are too long together', () => {
  const limiter = createPathLimiter({ maxPlainPaths: 2, maxPaths: 5, maxPairs: 10, maxCharacters: 16 });
  for (const path of ['/a', '/b', '/1']) limiter.limit('old', path);
  expect(limiter.limit('old', '/2')).toBe('/{id}');
  expect(limiter.limit('long', `/${'x'.repeat(11)}`)).toBe(`/${'x'.repeat(11)}`);
  expect(limiter.limit('old', '/2')).toBe('/2');
  expect(limiter.limit('longest', 'x'.repeat(17))).toBe('x'.repeat(17));
});
