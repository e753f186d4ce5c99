import type { Logger } from '@nm/core';
import { createClusterWatch, loadKubeClient, parseOwnerKind } from '@nm/kube';
import type { ClusterWatch, KubeClient, ReflectorMetrics } from '@nm/kube';
import { OptionError } from '@nm/runtime';
import type { HealthCheck } from '@nm/runtime';
import { editConfigMap } from '../tls/config-map.ts';
import type { TokenReviewStatus } from '../auth/kubernetes-authenticator.ts';
import type { ApplyChange, ClusterSource } from './cluster-source.ts';

export interface LiveSourceOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Kinds of owners besides those that Kubernetes brings: `Rollout.argoproj.io`. */
  readonly ownerKinds: readonly string[];
}

const TOKEN_REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';
const TOKEN_REVIEW_TIMEOUT_MS = 5_000;

/**
 * The cluster's API server. `start` resolves when every kind was read once or is known to be impossible; until then
 * reports are not accepted, because their addresses could not be resolved. Throws OptionError for a wrong owner kind.
 */
export function createLiveSource(
  deps: {
    readonly apply: ApplyChange;
    readonly log: Logger;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly metrics?: ReflectorMetrics;
  },
  options: LiveSourceOptions,
): ClusterSource {
  const customOwners = options.ownerKinds.map((text) => {
    const kind = parseOwnerKind(text);
    if (kind === undefined) throw new OptionError('option_invalid', `--owner-kinds: ${text} is not Kind.group such as Rollout.argoproj.io`);
    return kind;
  });
  let client: KubeClient | undefined;
  let watch: ClusterWatch | undefined;

  async function stop(): Promise<void> {
    await watch?.stop();
    client?.close();
  }

  return {
    isLive: true,
    health: () => toHealth(watch),
    async reviewToken(token, audiences) {
      if (client === undefined) throw new Error('not started');
      const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } };
      const signal = AbortSignal.timeout(TOKEN_REVIEW_TIMEOUT_MS);
      const answer = await client.request(TOKEN_REVIEWS, { method: 'POST', body: review, signal });
      return (answer as { readonly status?: TokenReviewStatus }).status ?? {};
    },
    async editConfigMap(where, change) {
      if (client === undefined) throw new Error('not started');
      await editConfigMap(client, where, change);
    },
    async start(signal) {
      client = await loadKubeClient({
        env: deps.env,
        ...(options.kubeconfig !== undefined && { kubeconfig: options.kubeconfig }),
        ...(options.context !== undefined && { context: options.context }),
      });
      watch = createClusterWatch(
        {
          client,
          logger: deps.log,
          ...(deps.metrics !== undefined && { metrics: deps.metrics }),
          onChanges: (changes) => {
            for (const change of changes) deps.apply(change);
          },
        },
        { customOwners },
      );
      watch.start();
      try {
        await watch.settled(signal);
      } catch (error) {
        // Who fails to start is not told to stop, and the watches would go on.
        await stop();
        throw error;
      }
    },
    stop,
  };
}

/** Kinds that may not be read make the map poorer, not the mapper unready. */
function toHealth(watch: ClusterWatch | undefined): HealthCheck {
  if (watch === undefined) return { ok: false, detail: 'not started' };
  const missing = watch.states().filter(({ phase, isOptional }) => phase !== 'watching' && !(phase === 'absent' && isOptional));
  const detail = missing.map(({ resource, phase }) => `${resource}: ${phase}`).join(', ');
  return { ok: watch.isSettled(), ...(detail !== '' && { detail }) };
}
