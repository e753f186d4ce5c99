/** What the watchers need of a Kubernetes API client; the one of the package kube is one. */
export interface KubeReader {
  /** One request, its answer parsed as JSON. Throws an AppError whose `fields.status` is the HTTP status, if there was one. */
  request(path: string, options?: KubeReadOptions): Promise<unknown>;
  /** The bytes of an answer as they come. */
  stream(path: string, options?: KubeReadOptions): Promise<AsyncIterable<Uint8Array>>;
}

export interface KubeReadOptions {
  readonly signal?: AbortSignal;
  /** Without any byte for so long, the request has failed. */
  readonly idleTimeoutMs?: number;
}

/** HTTP status of a failed request, if it got one. */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('fields' in error)) return undefined;
  const { fields } = error as { readonly fields: unknown };
  const status = typeof fields === 'object' && fields !== null && 'status' in fields ? fields.status : undefined;
  return typeof status === 'number' ? status : undefined;
}
