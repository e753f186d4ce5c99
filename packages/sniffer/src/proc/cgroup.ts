/** A UID in the API's form, with `_` for `-` as the systemd driver writes it, or the hash of a static pod (32 digits). */
const POD_UID = /(?:^|[/-])pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?=[./:]|$)/gi;

/**
 * Pod UID in the text of /proc/PID/cgroup (cgroups(7)), version 1 or 2, any driver and runtime; of nested paths
 * (a node inside a container) the innermost. Undefined when the process belongs to no pod.
 */
export function parsePodUid(text: string): string | undefined {
  let found: string | undefined;
  for (const line of text.split('\n')) {
    // hierarchy:controllers:path
    const path = line.slice(line.indexOf(':', line.indexOf(':') + 1) + 1);
    for (const match of path.matchAll(POD_UID)) found = match[1];
    if (found !== undefined) return found.toLowerCase().replaceAll('_', '-');
  }
  return undefined;
}

/** Whether the process is in a pod's cgroup of version 2 (its line begins with `0::`), not only in ones of version 1. */
export function isUnified(text: string): boolean {
  const line = text.split('\n').find((one) => one.startsWith('0::'));
  return line !== undefined && parsePodUid(line) !== undefined;
}
