import { readFileSync } from 'node:fs';

const RSS_ANON = /^RssAnon:\s+(\d+) kB$/m;

/**
 * Bytes in memory that this process made: heap, buffers, stacks, without pages of its program's file, which come and go
 * (proc_pid_status(5)). All that is in memory where the system does not tell them apart.
 */
export function anonymousMemory(): number {
  try {
    const [, kilobytes] = RSS_ANON.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    if (kilobytes !== undefined) return Number(kilobytes) * 1_024;
  } catch {
    // Not Linux.
  }
  return process.memoryUsage.rss();
}
