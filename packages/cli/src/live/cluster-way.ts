import { createPortForward, DEFAULT_MAPPER_NAMESPACE, findMapper, isKubeError, loadKubeClient } from '@nm/kube';
import type { KubeClient } from '@nm/kube';
import { AppError } from '@nm/core';
import type { LiveSourceOptions } from '../source/map-source.ts';
import { fetchThrough } from './fetch-through.ts';
import type { MapperWay } from './mapper-way.ts';

/** Whom tokens are made for (the mapper's --auth-audience). */
const AUDIENCE = 'network-mapper';
/** The shortest that the API gives (TokenRequest, authentication.k8s.io/v1); one command takes less. */
const TOKEN_SECONDS = 600;

/** The cluster that the user means. Throws KubeError. */
export async function loadCluster(
  options: Pick<LiveSourceOptions, 'kubeconfig' | 'context'>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<KubeClient> {
  return loadKubeClient({
    env,
    ...(options.kubeconfig !== undefined && { kubeconfig: options.kubeconfig }),
    ...(options.context !== undefined && { context: options.context }),
  });
}

/** The mapper of a cluster, through one port-forwarded connection to a ready pod. Throws KubeError. */
export async function openClusterWay(client: KubeClient, options: LiveSourceOptions, signal: AbortSignal): Promise<MapperWay> {
  const found = await findMapper(client, {
    // The default is where to look first; only a namespace that was chosen is the only one.
    ...(options.mapperNamespace !== DEFAULT_MAPPER_NAMESPACE && { namespace: options.mapperNamespace }),
    serviceName: options.mapperServiceName,
    servicePort: options.mapperServicePort,
    signal,
  });
  const forward = createPortForward(client, found);
  return {
    name: `${found.namespace}/${found.service}`,
    url: `http://localhost:${found.port}`,
    fetch: fetchThrough(forward.agent),
    requestToken: createTokenRequest(client, found.namespace),
    openWeb: async () => `${await forward.listen()}/`,
    lastError: () => forward.lastError()?.message,
    async close() {
      await forward.close();
      client.close();
    },
  };
}

/** Asks the API for a token of a ServiceAccount; whoever may do that has its right. */
export function createTokenRequest(client: KubeClient, namespace: string): NonNullable<MapperWay['requestToken']> {
  return async (account, signal) => {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(account)}/token`;
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [AUDIENCE], expirationSeconds: TOKEN_SECONDS },
    };
    try {
      const answer = (await client.request(path, { method: 'POST', body, signal })) as { readonly status?: { readonly token?: unknown } };
      const token = answer.status?.token;
      if (typeof token === 'string' && token !== '') return token;
    } catch (error) {
      const needed = `the mapper asks for a token of ServiceAccount ${namespace}/${account}`;
      if (isKubeError(error) && error.code === 'kube-forbidden')
        throw new AppError('MAPPER_UNREACHABLE', `${needed}, which you may not create: ask for create on serviceaccounts/token there`, {
          cause: error,
        });
      if (isKubeError(error) && error.code === 'kube-not-found')
        throw new AppError('MAPPER_UNREACHABLE', `${needed}, which does not exist: the chart creates it`, { cause: error });
      throw error;
    }
    throw new AppError('MAPPER_UNREACHABLE', `the Kubernetes API gave no token for ServiceAccount ${namespace}/${account}`);
  };
}
