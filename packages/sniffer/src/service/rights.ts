import type { Logger } from '@nm/core';
import type { NodeViewCounts } from '../proc/node-view.ts';
import { readText } from '../proc/proc-files.ts';

/* linux/capability.h. */
const CAP_SYS_PTRACE = 19n;

/**
 * Says once what cannot be seen without SYS_PTRACE; everything else works. One process or the other that may not be read
 * although the right is there has rights that this one lacks, as a machine's first process may have.
 * @param status text of /proc/self/status.
 */
export function warnOfRights(
  log: Logger,
  { denied, processes }: Pick<NodeViewCounts, 'denied' | 'processes'>,
  status: string = readText('/proc/self/status'),
): void {
  const consequence = 'pods are told by their cgroups alone, and connections of host-network pods cannot be told apart';
  if (denied > 0 && !hasPtrace(status)) {
    log.warn(
      `the network namespaces of other processes may not be read: add the capability SYS_PTRACE (securityContext.capabilities.add); without it ${consequence}`,
      { right: 'SYS_PTRACE', processes: denied },
    );
  } else if (denied * 2 > processes) {
    log.warn(
      `the network namespaces of most processes may not be read although the capability SYS_PTRACE is there: does a security module (AppArmor, SELinux) deny ptrace? ${consequence}`,
      { processes: denied },
    );
  }
}

function hasPtrace(status: string): boolean {
  const rights = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return ((rights >> CAP_SYS_PTRACE) & 1n) === 1n;
}
