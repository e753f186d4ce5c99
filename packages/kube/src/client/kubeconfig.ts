import { stat } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { isInCluster, loadInClusterTransport } from './in-cluster.ts';
import { createKubeClient } from './kube-client.ts';
import type { AuthOptions, KubeClient, KubeTransport } from './kube-client.ts';
import { KubeError } from './kube-error.ts';

export interface KubeClientOptions {
  /** A kubeconfig file; otherwise KUBECONFIG, then ~/.kube/config, then the pod's own identity. */
  readonly kubeconfig?: string | undefined;
  /** Context of the kubeconfig; its current one by default. */
  readonly context?: string | undefined;
  /** Only the pod's own identity, no kubeconfig. */
  readonly inCluster?: boolean;
  /** The process's environment (only main.ts reads it). */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userAgent?: string;
  /** Folder of the ServiceAccount's files, for tests. */
  readonly serviceAccountFolder?: string;
}

/** A transport that came from a kubeconfig keeps it: port-forward needs it. */
export interface KubeconfigTransport extends KubeTransport {
  readonly config: KubeConfig;
}

/**
 * Finds the cluster that the user means and gives a client for it; nothing is sent yet. Throws KubeError in one line:
 * `kubeconfig-missing`, `kubeconfig-invalid`, `kube-context-not-found`.
 */
export async function loadKubeClient(options: KubeClientOptions): Promise<KubeClient> {
  const transport = await findTransport(options);
  return createKubeClient(transport, options.userAgent === undefined ? {} : { userAgent: options.userAgent });
}

async function findTransport(options: KubeClientOptions): Promise<KubeTransport> {
  const pod = { env: options.env, ...(options.serviceAccountFolder === undefined ? {} : { folder: options.serviceAccountFolder }) };
  if (options.inCluster === true) return loadInClusterTransport(pod);
  const files = await kubeconfigFiles(options);
  if (files.length > 0) return loadKubeconfigTransport(files, options.context);
  if (await isInCluster(pod)) return loadInClusterTransport(pod);
  throw new KubeError('kubeconfig-missing', 'no kubeconfig found: give --kubeconfig FILE, set KUBECONFIG, or put one at ~/.kube/config');
}

/** Files in kubectl's order; those of KUBECONFIG that do not exist are skipped, as kubectl does. */
async function kubeconfigFiles(options: KubeClientOptions): Promise<string[]> {
  if (options.kubeconfig !== undefined) {
    if (!(await exists(options.kubeconfig))) throw new KubeError('kubeconfig-missing', `there is no kubeconfig at ${options.kubeconfig}`);
    return [options.kubeconfig];
  }
  const home = options.env['HOME'] ?? options.env['USERPROFILE'];
  const listed = options.env['KUBECONFIG']?.split(delimiter).filter((file) => file !== '') ?? [];
  const candidates = listed.length > 0 ? listed : home === undefined ? [] : [join(home, '.kube', 'config')];
  const found: string[] = [];
  for (const file of candidates) if (await exists(file)) found.push(file);
  if (listed.length > 0 && found.length === 0)
    throw new KubeError('kubeconfig-missing', `KUBECONFIG names ${listed.join(', ')}, which does not exist`);
  return found;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function loadKubeconfigTransport(files: readonly string[], context: string | undefined): Promise<KubeconfigTransport> {
  // Loaded late: it costs a tenth of a second and 20 MB even in a bundle, and nobody in a cluster needs it.
  const library = await import('@kubernetes/client-node');
  const config = mergeFiles(files, () => new library.KubeConfig());
  const name = context ?? config.getCurrentContext();
  const found = name === '' || name === undefined ? null : config.getContextObject(name);
  if (found === null) throw contextError(config, name, files);
  config.setCurrentContext(name);
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new KubeError(
      'kubeconfig-invalid',
      `context ${name} names the cluster ${found.cluster}, which ${files.join(', ')} does not have`,
    );
  // The library refuses plain HTTP (kubectl proxy) unless TLS checks are off, which mean nothing there.
  if (cluster.server.startsWith('http:')) Object.assign(cluster, { skipTLSVerify: true });
  // It leaves out the certificate authority when a context has no user.
  if (config.getCurrentUser() === null) config.addUser({ name: found.user });
  return {
    config,
    baseUrl: cluster.server,
    namespace: found.namespace ?? 'default',
    options: async () => requestOptions(config, cluster.proxyUrl !== undefined),
  };
}

function mergeFiles(files: readonly string[], create: () => KubeConfig): KubeConfig {
  const merged = create();
  for (const file of files) {
    const one = create();
    try {
      one.loadFromFile(file);
      one.makePathsAbsolute(dirname(file));
    } catch (cause) {
      throw new KubeError(
        'kubeconfig-invalid',
        `${file} is not a kubeconfig: ${cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)}`,
        { cause },
      );
    }
    // The first file that names something wins, as with kubectl.
    for (const cluster of one.clusters) if (merged.getCluster(cluster.name) === null) merged.addCluster(cluster);
    for (const user of one.users) if (merged.getUser(user.name) === null) merged.addUser(user);
    for (const entry of one.contexts) if (merged.getContextObject(entry.name) === null) merged.addContext(entry);
    if (!merged.getCurrentContext() && one.getCurrentContext()) merged.setCurrentContext(one.getCurrentContext());
  }
  return merged;
}

function contextError(config: KubeConfig, name: string | undefined, files: readonly string[]): KubeError {
  const known = config.getContexts().map((entry) => entry.name);
  const choice = known.length === 0 ? 'it has none' : `it has ${known.slice(0, 10).join(', ')}${known.length > 10 ? ', …' : ''}`;
  const what = name === undefined || name === '' ? 'no current context is set' : `there is no context ${name}`;
  return new KubeError('kube-context-not-found', `${what} in ${files.join(', ')}: choose one with --context (${choice})`);
}

async function requestOptions(config: KubeConfig, usesProxy: boolean): Promise<AuthOptions> {
  const options: AuthOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new KubeError('kube-unauthorised', `the kubeconfig's credentials cannot be used: ${reason}`, { cause });
  }
  // Its agent does not keep connections alive; only the one through a proxy is needed.
  if (!usesProxy) delete options.agent;
  return options;
}
