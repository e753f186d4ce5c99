import { ApiError, createApiClient } from '@nm/api';
import type { ApiClient, Operation } from '@nm/api';
import { AppError, isAppError } from '@nm/core';
import type { MapperWay } from './mapper-way.ts';

/** ServiceAccounts whose tokens the mapper takes (its --auth-readers and --auth-admins). */
const ACCOUNTS = { read: 'network-mapper-reader', reset: 'network-mapper-admin' } as const;
export type Right = keyof typeof ACCOUNTS;

/** A page of a thousand edges takes milliseconds; the old mapper's whole map takes seconds. */
const TIMEOUT_MS = 30_000;
const MAX_BUSY_RETRIES = 3;
const MAX_BUSY_WAIT_MS = 5_000;

/** The API client with what the command line adds: tokens where they are asked for, patience, and plain words. */
export interface MapperClient {
  run<Result, Variables>(operation: Operation<Result, Variables>, variables: Variables, right: Right, signal: AbortSignal): Promise<Result>;
  subscribe<Result, Variables>(operation: Operation<Result, Variables>, variables: Variables, signal: AbortSignal): AsyncGenerator<Result>;
}

export function createMapperClient(way: MapperWay): MapperClient {
  const tokens = new Map<Right, string>();
  const clients = new Map<Right, ApiClient>();
  const clientFor = (right: Right): ApiClient => {
    let client = clients.get(right);
    if (client === undefined) {
      client = createApiClient({
        url: way.url,
        fetch: way.fetch,
        timeoutMs: TIMEOUT_MS,
        headers: (): Record<string, string> => {
          const token = tokens.get(right);
          return token === undefined ? {} : { authorization: `Bearer ${token}` };
        },
      });
      clients.set(right, client);
    }
    return client;
  };

  /** Whether the refused request is worth another try, with a token that was fetched now. */
  const fetchToken = async (error: unknown, right: Right, signal: AbortSignal): Promise<boolean> => {
    if (!(error instanceof ApiError) || error.code !== 'API_FORBIDDEN' || tokens.has(right)) return false;
    // Reading needs a token only where the mapper says that none came; resetting also where reading is free.
    if (error.status === 403 && right === 'read') return false;
    if (way.requestToken === undefined) {
      throw new AppError(
        'MAPPER_UNREACHABLE',
        `${way.name} asks for a token: name the cluster too (--context or --kubeconfig), so that one of ServiceAccount ${ACCOUNTS[right]} can be requested, or leave --url out`,
        { cause: error },
      );
    }
    tokens.set(right, await way.requestToken(ACCOUNTS[right], signal));
    return true;
  };

  return {
    async run(operation, variables, right, signal) {
      for (let busy = 0; ;) {
        try {
          return await clientFor(right).run(operation, variables, { signal });
        } catch (error) {
          if (signal.aborted) throw error;
          if (error instanceof ApiError && error.code === 'API_BUSY' && busy < MAX_BUSY_RETRIES) {
            busy += 1;
            await delay(Math.min(error.retryAfterMs ?? 0, MAX_BUSY_WAIT_MS), signal);
          } else if (!(await inWords(way, fetchToken(error, right, signal)))) throw toCliError(error, way);
        }
      }
    },
    async *subscribe(operation, variables, signal) {
      for (;;) {
        try {
          yield* clientFor('read').subscribe(operation, variables, { signal });
          return;
        } catch (error) {
          if (signal.aborted) return;
          if (!(await inWords(way, fetchToken(error, 'read', signal)))) throw toCliError(error, way);
        }
      }
    },
  };
}

async function inWords<T>(way: MapperWay, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw toCliError(error, way);
  }
}

/** An older mapper does not know what was asked. */
export function isUnknownQuery(error: unknown): boolean {
  return isAppError(error) && error.cause instanceof ApiError && error.cause.code === 'API_INVALID_QUERY';
}

/** One line, with the mapper's name as the user knows it. */
function toCliError(error: unknown, way: MapperWay): unknown {
  if (!isAppError(error) || error.code === 'MAPPER_UNREACHABLE') return error;
  const broken = way.lastError();
  const said = error.message.replaceAll(`${way.url.replace(/\/query\/?$|\/+$/, '')}/query`, way.name);
  const message =
    error instanceof ApiError && error.code === 'API_UNREACHABLE' && broken !== undefined
      ? `no connection to ${way.name}: ${broken}`
      : said;
  return new AppError('MAPPER_UNREACHABLE', message, { cause: error });
}

export async function delay(ms: number, signal: AbortSignal): Promise<void> {
  const { setTimeout: sleep } = await import('node:timers/promises');
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
