import { AppError } from '@nm/core';
import type { MapperWay } from './mapper-way.ts';

/**
 * A mapper at an address, without a cluster.
 * @throws AppError USAGE when it is not one of HTTP.
 */
export function createUrlWay(url: string, requestToken?: MapperWay['requestToken']): MapperWay {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:'))
    throw new AppError('USAGE', `--url: expected http://host:port, got "${url}"`);
  if (parsed.username !== '' || parsed.password !== '') throw new AppError('USAGE', '--url: an address with a password is not taken');
  return {
    name: url,
    url,
    fetch: (input, init) => fetch(input, init),
    ...(requestToken !== undefined && { requestToken }),
    openWeb: () => Promise.resolve(url.replace(/\/query\/?$/, '').replace(/\/*$/, '/')),
    lastError: () => undefined,
    close: () => Promise.resolve(),
  };
}
