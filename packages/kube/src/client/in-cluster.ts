import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { KubeError } from './kube-error.ts';
import type { KubeTransport } from './kube-client.ts';

/** Where the kubelet mounts a pod's identity (Kubernetes documentation, "Accessing the API from within a Pod"). */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/** The kubelet replaces the token well before it expires; client-go reads it again after the same time. */
const TOKEN_AGE_MS = 60_000;

export interface InClusterOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder with `token`, `ca.crt` and `namespace`. */
  readonly folder?: string;
  readonly now?: () => number;
}

/** Whether this process runs in a pod that may talk to the API. */
export async function isInCluster(options: InClusterOptions): Promise<boolean> {
  if (serverOf(options.env) === undefined) return false;
  return stat(join(options.folder ?? SERVICE_ACCOUNT, 'token')).then(
    () => true,
    () => false,
  );
}

/** The identity of the pod's ServiceAccount; the token file is read again because it rotates. */
export async function loadInClusterTransport(options: InClusterOptions): Promise<KubeTransport> {
  const folder = options.folder ?? SERVICE_ACCOUNT;
  const now = options.now ?? Date.now;
  const baseUrl = serverOf(options.env);
  if (baseUrl === undefined)
    throw new KubeError('kubeconfig-missing', 'KUBERNETES_SERVICE_HOST is not set: not inside a cluster; give a kubeconfig');
  const read = async (name: string): Promise<string> =>
    readFile(join(folder, name), 'utf8').catch((cause: unknown) => {
      throw new KubeError(
        'kubeconfig-missing',
        `cannot read ${join(folder, name)}: does the pod mount its ServiceAccount token (automountServiceAccountToken)?`,
        { cause },
      );
    });
  const ca = await read('ca.crt');
  const namespace = (await read('namespace').catch(() => 'default')).trim();
  let token = { text: (await read('token')).trim(), readAt: now() };
  const freshToken = async (): Promise<string> => {
    if (now() - token.readAt >= TOKEN_AGE_MS) {
      const text = (await read('token').catch(() => token.text)).trim();
      token = { text, readAt: now() };
    }
    return token.text;
  };
  return { baseUrl, namespace, options: async () => ({ ca, headers: { Authorization: `Bearer ${await freshToken()}` } }) };
}

function serverOf(env: InClusterOptions['env']): string | undefined {
  const host = env['KUBERNETES_SERVICE_HOST'];
  if (host === undefined || host === '') return undefined;
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443';
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
