import { createKubeClient } from '@nm/kube';
import type { KubeReader } from '../kube/kube-reader.ts';

/** The real client of the API, on plain HTTP and without credentials. */
export function createHttpReader(baseUrl: string): KubeReader {
  return createKubeClient({ baseUrl, namespace: 'default', options: () => Promise.resolve({}) });
}
