import type { Clock, Logger } from '@nm/core';
import type { MapperMetrics } from '../mapper-metrics.ts';
import { ANONYMOUS, AuthError } from './identity.ts';
import type { Authenticator, Identity, Permission } from './identity.ts';
import { isLoopback } from './loopback.ts';
import { TokenCache } from './token-cache.ts';

/** `status` of a TokenReview (authentication.k8s.io/v1). */
export interface TokenReviewStatus {
  readonly authenticated?: boolean;
  readonly audiences?: readonly string[];
  readonly error?: string;
  readonly user?: { readonly username?: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
}

/** Asks the API server about a token. Rejects when it cannot be asked. */
export type ReviewToken = (token: string, audiences: readonly string[]) => Promise<TokenReviewStatus>;

export interface KubernetesAuthOptions {
  readonly audience: string;
  /** Namespace of the ServiceAccounts. */
  readonly namespace: string;
  /** May report only for the node that their token is bound to. */
  readonly sniffers: readonly string[];
  /** May report what is seen on no node: logs, metrics of meshes, cloud calls. */
  readonly watchers: readonly string[];
  readonly readers: readonly string[];
  readonly admins: readonly string[];
  readonly loopback: boolean;
  readonly loopbackReset: boolean;
  readonly compatibleReports: boolean;
}

/** A token's right ends at the latest so long after it was taken away. */
const ACCEPTED_TTL_MS = 60_000;
/** A refused token is asked about again soon: its ServiceAccount may have been created just now. */
const REFUSED_TTL_MS = 5_000;
const MAX_CACHED_TOKENS = 10_000;
/** Questions to the API server at once: strangers who show many tokens must not make the mapper flood it. */
const MAX_REVIEWS = 32;
/** Longer than any token that Kubernetes makes. */
const MAX_TOKEN_LENGTH = 16_384;

/** Keys of `extra` in tokens that are bound to a pod (kubernetes.io, ServiceAccountTokenPodNodeInfo). */
const NODE_NAME = 'authentication.kubernetes.io/node-name';
const POD_UID = 'authentication.kubernetes.io/pod-uid';

/**
 * Rights by ServiceAccount: whoever may create a token for one has its right. No user's own token is ever sent here,
 * because the audience is ours alone.
 */
export function createKubernetesAuthenticator(
  deps: {
    readonly reviewToken: ReviewToken;
    readonly clock: Clock;
    readonly log: Logger;
    readonly metrics: MapperMetrics;
    /** Node of a pod by UID, for API servers that do not put the node into the token. */
    readonly nodeOfPod: (uid: string) => string | undefined;
    /** A sidecar forwards connections from anywhere over loopback; then loopback proves nothing. */
    readonly hasMeshSidecar: () => boolean;
  },
  options: KubernetesAuthOptions,
): Authenticator {
  const cache = new TokenCache<Identity>(deps, {
    maxEntries: MAX_CACHED_TOKENS,
    acceptedMs: ACCEPTED_TTL_MS,
    refusedMs: REFUSED_TTL_MS,
    maxLooks: MAX_REVIEWS,
  });
  let warnedOfSidecar = false;

  async function review(token: string): Promise<Identity | undefined> {
    let status: TokenReviewStatus;
    try {
      status = await deps.reviewToken(token, [options.audience]);
    } catch (cause) {
      deps.metrics.tokenReviews.inc({ result: 'failed' });
      throw new AuthError('AUTH_UNAVAILABLE', 'the token cannot be checked now; try again', { cause });
    }
    // An API server that does not know audiences answers without them: then the token may be meant for somebody else.
    const isOurs = status.authenticated === true && status.audiences?.includes(options.audience) === true;
    const identity = isOurs ? toIdentity(status) : undefined;
    deps.metrics.tokenReviews.inc({ result: identity === undefined ? 'refused' : 'accepted' });
    return identity;
  }

  function toIdentity(status: TokenReviewStatus): Identity | undefined {
    const name = status.user?.username ?? '';
    const [system, kind, namespace, account = ''] = name.split(':');
    if (system !== 'system' || kind !== 'serviceaccount' || namespace !== options.namespace) return { name, permissions: new Set() };
    const permissions = new Set<Permission>();
    if (options.readers.includes(account) || options.admins.includes(account)) permissions.add('read');
    if (options.admins.includes(account)) permissions.add('reset');
    const isWatcher = options.watchers.includes(account);
    if (!isWatcher && !options.sniffers.includes(account)) return { name, permissions };
    permissions.add('report');
    // They name workloads, topics and nodes as they like: no token of a node or a watcher is to be of use for that.
    if (options.compatibleReports) permissions.add('compatibleReport');
    if (isWatcher) return { name, permissions, node: null };
    const extra = status.user?.extra ?? {};
    const podUid = extra[POD_UID]?.[0];
    const node = extra[NODE_NAME]?.[0] ?? (podUid === undefined ? undefined : deps.nodeOfPod(podUid));
    // A token that is bound to no pod can be used from anywhere: it reports for no node.
    return { name, permissions, node: node ?? '' };
  }

  function withoutToken(remoteAddress: string | undefined, isForwarded: boolean): Identity {
    const permissions = new Set<Permission>();
    if (options.compatibleReports) permissions.add('compatibleReport');
    if (!options.loopback || isForwarded || !isLoopback(remoteAddress)) return { name: ANONYMOUS, permissions };
    if (deps.hasMeshSidecar()) {
      if (!warnedOfSidecar) deps.log.warn('a mesh sidecar is in the pod: connections from loopback need a token');
      warnedOfSidecar = true;
      return { name: ANONYMOUS, permissions };
    }
    permissions.add('read');
    if (options.loopbackReset) permissions.add('reset');
    return { name: 'loopback', permissions };
  }

  return {
    async authenticate({ authorization, remoteAddress, isForwarded }) {
      if (authorization === undefined) return withoutToken(remoteAddress, isForwarded);
      const token = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(authorization)?.[1];
      if (token === undefined || token.length > MAX_TOKEN_LENGTH) {
        throw new AuthError('AUTH_INVALID', 'the header Authorization is not a bearer token');
      }
      const { value, cached } = await cache.get(token, () => review(token));
      if (cached) deps.metrics.tokenReviews.inc({ result: 'cached' });
      if (value === undefined) {
        throw new AuthError('AUTH_INVALID', `the Kubernetes API does not accept the token for audience ${options.audience}`);
      }
      return value;
    },
  };
}
