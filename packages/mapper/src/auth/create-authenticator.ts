import type { Clock, ClusterView, Logger } from '@nm/core';
import { OptionError } from '@nm/runtime';
import type { ClusterFacts } from '../cluster/cluster-facts.ts';
import type { ClusterSource } from '../cluster/cluster-source.ts';
import type { MapperMetrics } from '../mapper-metrics.ts';
import type { MapperOptions } from '../mapper-options.ts';
import type { Authenticator } from './identity.ts';
import { createKubernetesAuthenticator } from './kubernetes-authenticator.ts';
import { isLoopbackHost } from './loopback.ts';
import { createOpenAuthenticator } from './open-authenticator.ts';

/** Options about identity that exclude one another; said before anything listens. */
export function checkAuth(options: MapperOptions): void {
  const isLocal = [options.listen, options.tlsListen].every((listen) => listen === undefined || isLoopbackHost(listen.host));
  if (options.auth === 'none' && !isLocal && !options.authNoneAnywhere) {
    throw new OptionError(
      'option_conflict',
      '--auth none lets anybody read, reset and forge the map, and --listen is not on a loopback address: listen on 127.0.0.1, or add --auth-none-i-mean-it',
    );
  }
  if (options.auth === 'kubernetes' && options.kube.length > 0) {
    throw new OptionError(
      'option_conflict',
      '--kube reads a dump, and --auth kubernetes needs an API server to check tokens: add --auth none',
    );
  }
}

/** Whether reporters prove who they are, and on which node. */
export function isAuthenticating(options: MapperOptions, source: ClusterSource): boolean {
  return options.auth !== 'none' && source.reviewToken !== undefined;
}

/** Tells who asks, as the options want it known. Throws OptionError. */
export function createAuthenticator(
  deps: {
    readonly source: ClusterSource;
    readonly facts: ClusterFacts;
    readonly view: ClusterView;
    readonly metrics: MapperMetrics;
    readonly clock: Clock;
    readonly log: Logger;
    /** Of the mapper's own pod, when it runs in one. */
    readonly namespace?: string | undefined;
  },
  options: MapperOptions,
): Authenticator {
  const { source, facts, view, metrics } = deps;
  const { reviewToken } = source;
  if (!isAuthenticating(options, source) || reviewToken === undefined) return createOpenAuthenticator();
  const namespace = options.authNamespace ?? deps.namespace;
  if (namespace === undefined) {
    throw new OptionError(
      'option_conflict',
      'the namespace of the reporters’ ServiceAccounts is not known outside of a pod: add --auth-namespace',
    );
  }
  return createKubernetesAuthenticator(
    {
      reviewToken,
      clock: deps.clock,
      log: deps.log,
      metrics,
      nodeOfPod: (uid) => view.pods.byPodUid(uid, undefined)?.record.nodeName,
      hasMeshSidecar: () => facts.hasMeshSidecar,
    },
    {
      audience: options.authAudience,
      namespace,
      sniffers: options.authSniffers,
      watchers: options.authWatchers,
      readers: options.authReaders,
      admins: options.authAdmins,
      loopback: options.authLoopback,
      loopbackReset: options.authLoopbackReset,
      compatibleReports: options.authCompatibleReports,
    },
  );
}
