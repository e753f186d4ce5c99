/** Replaces one text of a ConfigMap: `change` gets the present one. Rejects when it cannot be read or written, or changed meanwhile. */
export type EditConfigMap = (where: ConfigMapKey, change: (text: string) => string) => Promise<void>;

export interface ConfigMapKey {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

/** The part of a Kubernetes client that is needed. */
interface Requests {
  request(
    path: string,
    options: { readonly method?: 'GET' | 'PUT'; readonly body?: unknown; readonly signal: AbortSignal },
  ): Promise<unknown>;
}

interface ConfigMap {
  readonly data?: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 10_000;

/** Read, change, write with the version that was read: of two writers at once one is refused, and tries again later. */
export async function editConfigMap(
  client: Requests,
  { namespace, name, key }: ConfigMapKey,
  change: (text: string) => string,
): Promise<void> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${encodeURIComponent(name)}`;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const found = (await client.request(path, { signal })) as ConfigMap;
  const before = found.data?.[key] ?? '';
  const after = change(before);
  if (after !== before) await client.request(path, { method: 'PUT', body: { ...found, data: { ...found.data, [key]: after } }, signal });
}
