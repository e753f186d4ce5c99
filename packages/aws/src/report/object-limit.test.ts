import { expect, test } from 'vitest';
import { createObjectLimit } from './object-limit.ts';

const object = (bucket: string, key: number): string => `arn:aws:s3:::${bucket}/k${key}`;

test('objects beyond the bound count for their bucket, for that client and bucket alone', () => {
  const limit = createObjectLimit({ maxObjects: 2, maxPairs: 10, maxCharacters: 100 });
  const seen = [1, 2, 1, 3, 1].map((key) => limit.resourceFor('10.0.0.1', object('b', key)));
  expect(seen).toEqual([object('b', 1), object('b', 2), object('b', 1), 'arn:aws:s3:::b/*', 'arn:aws:s3:::b/*']);
  expect(limit.resourceFor('10.0.0.2', object('b', 3))).toBe(object('b', 3));
  expect(limit.resourceFor('10.0.0.1', object('c', 3))).toBe(object('c', 3));
});

test.for(['arn:aws:s3:::b', 'arn:aws:dynamodb:eu-west-1:1:table/t', '*'])('%s is never more than it is', (resource) => {
  const limit = createObjectLimit({ maxObjects: 0, maxPairs: 10, maxCharacters: 100 });
  expect(limit.resourceFor('10.0.0.1', resource)).toBe(resource);
});

test('objects of an access point count for it', () => {
  const limit = createObjectLimit({ maxObjects: 0, maxPairs: 10, maxCharacters: 100 });
  expect(limit.resourceFor('10.0.0.1', 'arn:aws:s3:eu-west-1:1:accesspoint/ap/object/a/b')).toBe(
    'arn:aws:s3:eu-west-1:1:accesspoint/ap/object/*',
  );
});

test('the pair unused longest is forgotten', () => {
  const limit = createObjectLimit({ maxObjects: 1, maxPairs: 1, maxCharacters: 100 });
  limit.resourceFor('10.0.0.1', object('b', 1));
  limit.resourceFor('10.0.0.1', object('c', 1));
  expect(limit.resourceFor('10.0.0.1', object('b', 2))).toBe(object('b', 2));
});
