import type { Clock } from '@nm/core';

export interface Reachability {
  reached(): void;
  failed(host: string): void;
  /** False for a while after several hosts in a row could not be reached. */
  isReaching(): boolean;
}

/** Different hosts in a row: one that is down says nothing about the others. */
const MAX_FAILED_HOSTS = 3;
const PAUSE_MS = 30_000;

/**
 * Tells when the way to AWS is closed for the proxy, though it may be open for the pods (a network policy, say): sending them here
 * would then break them. After a pause it is tried again.
 */
export function createReachability(clock: Clock): Reachability {
  const failedHosts = new Set<string>();
  let pausedUntil = 0;
  return {
    reached(): void {
      failedHosts.clear();
      pausedUntil = 0;
    },
    failed(host): void {
      failedHosts.add(host);
      if (failedHosts.size < MAX_FAILED_HOSTS) return;
      failedHosts.clear();
      pausedUntil = clock.now() + PAUSE_MS;
    },
    isReaching: () => clock.now() >= pausedUntil,
  };
}
