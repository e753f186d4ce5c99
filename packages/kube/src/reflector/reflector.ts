import type { ClusterChange, Logger } from '@nm/core';
import type { KubeClient } from '../client/kube-client.ts';
import { isKubeError } from '../client/kube-error.ts';
import type { KubeErrorCode } from '../client/kube-error.ts';
import { backoffMs, jittered, sleep } from './backoff.ts';
import type { BackoffOptions } from './backoff.ts';
import { createKnownObjects } from './known-objects.ts';
import { listAll } from './list-pages.ts';
import { acceptOf } from './watched-resource.ts';
import type { WatchedResource } from './watched-resource.ts';
import { watchOnce } from './watch-once.ts';

export interface ReflectorOptions {
  readonly pageSize: number;
  /** The server ends a watch after this long (times 1 to 2), so that load spreads over its replicas. */
  readonly serverTimeoutMs: number;
  /** Without any byte for so long the connection is taken for dead; servers send bookmarks about once a minute. */
  readonly idleTimeoutMs: number;
  readonly listTimeoutMs: number;
  readonly backoff: BackoffOptions;
  /** How often a missing permission or kind is tried again. */
  readonly slowRetryMs: number;
  /** The same for the kinds of extensions that most clusters lack. */
  readonly optionalRetryMs: number;
}

export const REFLECTOR_DEFAULTS: ReflectorOptions = {
  pageSize: 500,
  serverTimeoutMs: 300_000,
  idleTimeoutMs: 150_000,
  listTimeoutMs: 60_000,
  backoff: { firstMs: 500, maxMs: 30_000 },
  slowRetryMs: 60_000,
  optionalRetryMs: 300_000,
};

export type ReflectorPhase = 'starting' | 'listing' | 'watching' | 'retrying' | 'forbidden' | 'absent' | 'stopped';

export interface ReflectorState {
  readonly resource: string;
  readonly phase: ReflectorPhase;
  /** The first list is complete. */
  readonly synced: boolean;
  readonly isOptional: boolean;
  readonly objects: number;
  /** Since when nothing was right, and why; absent while all is well. */
  readonly lastError?: { readonly code: string; readonly message: string; readonly at: number };
  /** When something last came from the server. */
  readonly heardAt?: number;
}

/** Figures of all reflectors; the mapper turns them into metrics by resource. */
export interface ReflectorMetrics {
  listed(resource: string, seconds: number): void;
  /** `reason`: `first`, or why the view could not be continued (`expired`, `broken`). */
  relisted(resource: string, reason: 'first' | 'expired' | 'broken'): void;
  events(resource: string, count: number): void;
  failed(resource: string, code: string): void;
  skipped(resource: string, reason: string): void;
}

export interface ReflectorDeps {
  readonly client: KubeClient;
  readonly resource: WatchedResource;
  readonly onChanges: (changes: readonly ClusterChange[]) => void;
  readonly logger: Logger;
  readonly metrics?: ReflectorMetrics;
  readonly now: () => number;
  readonly random: () => number;
}

export interface Reflector {
  /** Lists and watches until the signal is aborted; never rejects. */
  run(signal: AbortSignal): Promise<void>;
  state(): ReflectorState;
  /** Synced, or known to be impossible for now (forbidden, absent): nothing to wait for. */
  isSettled(): boolean;
  /** Called after every change of state. */
  onState(listener: () => void): void;
}

/**
 * Keeps a kind's objects up to date: a paged list, then a watch from its version on, resumed where it broke off. The
 * list is repeated only when the server has forgotten the version (410) or sent nonsense; what it then lacks is told
 * as deleted. Every failure is retried, with growing waiting times, or slowly where an administrator must act.
 */
export function createReflector(deps: ReflectorDeps, settings: Partial<ReflectorOptions> = {}): Reflector {
  const options = { ...REFLECTOR_DEFAULTS, ...settings };
  const { client, resource, logger, metrics, now, random } = deps;
  let served = 0;
  let phase: ReflectorPhase = 'starting';
  let synced = false;
  let lastError: ReflectorState['lastError'];
  let heardAt: number | undefined;
  let version: string | undefined;
  let attempt = 0;
  const listeners: (() => void)[] = [];
  const endpoint = (): WatchedResource['versions'][number] =>
    resource.versions[served % resource.versions.length] ?? { apiVersion: '', path: '' };
  const known = createKnownObjects(
    resource.kind,
    () => endpoint().apiVersion,
    (reason) => metrics?.skipped(resource.name, reason),
  );

  const enter = (next: ReflectorPhase): void => {
    phase = next;
    for (const listener of listeners) listener();
  };

  const recovered = (): void => {
    heardAt = now();
    if (lastError === undefined) return;
    logger.info('kubernetes resource is read again', { resource: resource.name });
    lastError = undefined;
  };

  const list = async (signal: AbortSignal, reason: 'first' | 'expired' | 'broken'): Promise<void> => {
    enter('listing');
    metrics?.relisted(resource.name, reason);
    const startedAt = now();
    known.beginList();
    const { path } = endpoint();
    const { pageSize, listTimeoutMs: idleTimeoutMs } = options;
    version = await listAll(
      { client, path, accept: acceptOf(resource, true), pageSize, idleTimeoutMs, signal },
      (items) => {
        const at = now();
        emit(items.flatMap((item) => known.see(item, at)));
      },
      () => known.beginList(),
    );
    emit(known.endList(now()));
    metrics?.listed(resource.name, (now() - startedAt) / 1000);
    synced = true;
    recovered();
  };

  const watch = async (from: string, signal: AbortSignal): Promise<void> => {
    enter('watching');
    const { idleTimeoutMs } = options;
    const serverTimeoutSeconds = (options.serverTimeoutMs / 1000) * (1 + random());
    await watchOnce(
      { client, path: endpoint().path, accept: acceptOf(resource, false), version: from, serverTimeoutSeconds, idleTimeoutMs, signal },
      recovered,
      (events, reached) => {
        const at = now();
        version = reached;
        attempt = 0;
        heardAt = at;
        metrics?.events(resource.name, events.length);
        emit(events.flatMap((event) => (event.type === 'DELETED' ? known.remove(event.object, at) : known.see(event.object, at))));
      },
    );
  };

  const emit = (changes: readonly ClusterChange[]): void => {
    if (changes.length > 0) deps.onChanges(changes);
  };

  /** Takes note of a failure; gives the time to wait before the next attempt. */
  const fail = (error: unknown): number => {
    const code: KubeErrorCode | 'unexpected' = isKubeError(error) ? error.code : 'unexpected';
    const message = error instanceof Error ? error.message : String(error);
    metrics?.failed(resource.name, code);
    attempt += 1;
    if (code === 'kube-not-found' && served + 1 < resource.versions.length) {
      served += 1;
      return 0;
    }
    const isNew = lastError?.code !== code;
    lastError = { code, message, at: now() };
    if (code === 'kube-not-found' || code === 'kube-forbidden') {
      served = 0;
      enter(code === 'kube-forbidden' ? 'forbidden' : 'absent');
      if (isNew && code === 'kube-forbidden')
        logger.warn('no permission to list and watch a kubernetes resource', { resource: resource.name, reason: message });
      if (code === 'kube-not-found') emit(known.endAll(now()));
      if (isNew && code === 'kube-not-found' && resource.isOptional !== true)
        logger.info('the cluster does not serve a kubernetes resource', { resource: resource.name });
      return jittered(resource.isOptional === true ? options.optionalRetryMs : options.slowRetryMs, random);
    }
    enter('retrying');
    const fields = { resource: resource.name, code, reason: message, attempt };
    if (isNew) logger.warn('reading a kubernetes resource failed', fields);
    else logger.debug('reading a kubernetes resource failed again', fields);
    const asked = isKubeError(error) ? (error.retryAfterMs ?? 0) : 0;
    return Math.max(asked, 0) + backoffMs(attempt, options.backoff, random);
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    let reason: 'first' | 'expired' | 'broken' = 'first';
    while (!signal.aborted) {
      const startedAt = now();
      try {
        if (version === undefined) await list(signal, reason);
        if (version !== undefined) await watch(version, signal);
        // The server ended the watch in its own time; one that ends at once must not be asked in a loop.
        if (now() - startedAt < options.backoff.firstMs) await sleep(backoffMs(1, options.backoff, random), signal);
      } catch (error) {
        if (signal.aborted) break;
        const code = isKubeError(error) ? error.code : 'unexpected';
        if (code === 'kube-expired' || code === 'kube-bad-answer') {
          version = undefined;
          reason = code === 'kube-expired' ? 'expired' : 'broken';
        }
        if (code === 'kube-expired' && attempt === 0) {
          attempt = 1;
          continue;
        }
        // A silent watch is taken up again at once where it stopped.
        if (code === 'kube-timeout' && phase === 'watching' && now() - startedAt >= options.idleTimeoutMs) {
          metrics?.failed(resource.name, code);
          continue;
        }
        const waitMs = fail(error);
        // A kind that is tried anew after a long time is listed anew.
        if (phase === 'absent') version = undefined;
        await sleep(waitMs, signal);
      }
    }
    enter('stopped');
  };

  return {
    run,
    state: () => ({
      resource: resource.name,
      phase,
      synced,
      isOptional: resource.isOptional === true,
      objects: known.size(),
      ...(lastError === undefined ? {} : { lastError }),
      ...(heardAt === undefined ? {} : { heardAt }),
    }),
    isSettled: () => synced || phase === 'forbidden' || phase === 'absent',
    onState: (listener) => void listeners.push(listener),
  };
}
