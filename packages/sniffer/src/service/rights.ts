import type { Logger } from '@nm/core';
import type { NodeViewCounts } from '../proc/node-view.ts';

/** Says once what cannot be seen without SYS_PTRACE; everything else works. */
export function warnOfRights(log: Logger, { denied, processes }: Pick<NodeViewCounts, 'denied' | 'processes'>): void {
  if (denied === 0) return;
  log.warn(
    'the network namespaces of other processes may not be read: add the capability SYS_PTRACE (securityContext.capabilities.add); ' +
      'without it pods are told by their cgroups alone, and connections of host-network pods cannot be told apart',
    { right: 'SYS_PTRACE', processes },
  );
}
