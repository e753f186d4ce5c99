import { AppError } from '@nm/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { guarded } from './guarded.ts';

let said: string;
beforeEach(() => {
  said = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

test.each<[string, string | undefined, Parameters<typeof guarded>[1], string | undefined, number, string]>([
  ['work that ends well', undefined, {}, undefined, 0, ''],
  ['a wrong option', 'option_unknown', {}, undefined, 2, 'network-mapper: no such thing\n'],
  ['a configuration that cannot be read', 'config_unreadable', {}, undefined, 2, 'network-mapper: no such thing\n'],
  ['anything else that was read', 'cluster_unreadable', {}, undefined, 3, 'network-mapper: no such thing\n'],
  ["a command's own error", 'full', { full: 'output' }, undefined, 4, 'network-mapper: no such thing\n'],
  ['a part with a name', 'full', {}, 'backup', 3, 'network-mapper backup: no such thing\n'],
])('%s', async (_, code, exits, part, exit, line) => {
  const work = async (): Promise<void> => {
    if (code !== undefined) throw new AppError(code, 'no such thing');
  };
  expect(await guarded(work, exits, part)).toBe(exit);
  expect(said).toBe(line);
});

test('a mistake of ours is thrown on, with its stack', async () => {
  await expect(guarded(() => Promise.reject(new TypeError('ours')))).rejects.toThrow('ours');
  expect(said).toBe('');
});
