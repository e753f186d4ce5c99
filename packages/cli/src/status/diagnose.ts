import { toRfc3339 } from '@nm/core';
import type { MapperStatus, ReasonCount } from '../source/map-source.ts';

/** A sniffer reports every few seconds, if only that it lives. */
const SILENT_AFTER_MS = 120_000;
const WRONG_CLOCK_MS = 60_000;
const RECENT_MS = 60 * 60_000;
const MAX_NAMES = 5;

/** Why a map may be empty or have gaps, the most likely reason first; no final stops. */
export function diagnose(status: MapperStatus, now: number): string[] {
  const findings: string[] = [];
  const sniffers = status.reporters.filter(({ kind }) => kind === 'sniffer');
  const lastReportAt = Math.max(0, ...sniffers.map((one) => one.lastReportAt));
  if (status.ready === false) findings.push('the mapper is not ready: it has not read the whole cluster yet, or its store is not open');
  // Older mappers do not tell who reports.
  if (status.since !== undefined && sniffers.length === 0) {
    findings.push(
      `no sniffer has reported since the mapper was started at ${toRfc3339(status.since)}: is the sniffer's DaemonSet running, and may it reach the mapper`,
    );
  } else if (sniffers.length > 0 && now - lastReportAt > SILENT_AFTER_MS)
    findings.push(`no sniffer reports any more, the last one did at ${toRfc3339(lastReportAt)}: is the sniffer's DaemonSet running`);
  if (status.resetAt !== undefined && now - status.resetAt < RECENT_MS) findings.push(`the map was reset at ${toRfc3339(status.resetAt)}`);
  if (sniffers.length > 0 && status.nodesWithoutSniffer.length > 0)
    findings.push(`no sniffer reports from ${names(status.nodesWithoutSniffer)}: what pods there do is seen only from the other side`);
  if (status.edges === 0 && sniffers.length > 0 && sniffers.every(({ observations }) => observations === 0))
    findings.push(
      'sniffers report, but have seen no call yet: they see lookups and new connections, those of workloads at rest come later',
    );
  if (status.edges === 0 && status.dropped.length > 0) findings.push(`observations made no edge: ${reasons(status.dropped)}`);
  if ((status.waiting ?? 0) > 0)
    findings.push(`${status.waiting} observations wait for the Kubernetes API to tell whose addresses they name`);
  if (status.unresolved.length > 0)
    findings.push(`addresses that nobody owned: ${reasons(status.unresolved)} (--include-unknown shows them)`);
  if (status.maxEdges !== undefined && status.edges >= status.maxEdges)
    findings.push(`the store is full (${status.maxEdges} edges): old ones go when new ones come; raise --max-edges`);
  if (status.lost.length > 0) findings.push(`reporters lost observations: ${reasons(status.lost)}`);
  const wrong = sniffers.filter(({ clockOffsetMs }) => Math.abs(clockOffsetMs ?? 0) > WRONG_CLOCK_MS);
  if (wrong.length > 0)
    findings.push(
      `clocks differ by more than a minute on ${names(wrong.map(({ node }) => node ?? 'an unnamed node'))} (times are corrected)`,
    );
  return findings;
}

function names(all: readonly string[]): string {
  const more = all.length - MAX_NAMES;
  return `${all.length === 1 ? 'node' : `${all.length} nodes:`} ${all.slice(0, MAX_NAMES).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

function reasons(counts: readonly ReasonCount[]): string {
  return counts
    .slice(0, MAX_NAMES)
    .map(({ reason, count }) => `${count} ${reason}`)
    .join(', ');
}
