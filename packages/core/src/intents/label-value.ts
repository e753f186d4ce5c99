import type { Peer } from '../model/peer.ts';

/** What a client without the label is grouped under; the existing command line prints it. */
export const NO_LABEL_VALUE = 'no_value';

/** Value of a workload's label, for views that group by it. */
export function labelValue(peer: Peer, key: string): string {
  return (peer.type === 'workload' ? peer.labels?.[key] : undefined) ?? NO_LABEL_VALUE;
}
