import { toRfc3339 } from '@nm/core';
import { printable } from '../output/printable.ts';
import type { MapperStatus, ReporterState } from '../source/map-source.ts';
import { diagnose } from './diagnose.ts';

/** What a mapper says of itself, for people: facts, then what may be wrong. */
export function toStatusText(name: string, status: MapperStatus, now: number): string {
  const lines = [
    `mapper ${name}, version ${status.version}${status.since === undefined ? '' : `, started ${toRfc3339(status.since)}`}`,
    ...(status.cluster === undefined ? [] : [`cluster: ${status.cluster}${status.store === undefined ? '' : `, store: ${status.store}`}`]),
    `edges: ${status.edges}${status.maxEdges === undefined ? '' : ` of at most ${status.maxEdges}`}`,
    ...(status.resetAt === undefined ? [] : [`last reset: ${toRfc3339(status.resetAt)}`]),
    ...status.reporters.map((one) => reporterLine(one, now)),
    ...status.nodesWithoutSniffer.map((node) => `node without a sniffer: ${node}`),
    ...status.unresolved.map(({ reason, count }) => `unresolved: ${count} ${reason}`),
    ...status.dropped.map(({ reason, count }) => `made no edge: ${count} ${reason}`),
    ...status.lost.map(({ reason, count }) => `lost before the mapper: ${count} ${reason}`),
  ];
  const findings = diagnose(status, now);
  const advice = findings.length === 0 ? [] : ['', 'What may be missing, and why:', ...findings.map((finding) => `- ${finding}`)];
  return [...lines, ...advice].map((line) => `${printable(line)}\n`).join('');
}

function reporterLine(one: ReporterState, now: number): string {
  const where = one.node === undefined ? '' : ` on ${one.node}`;
  const lost = one.lost === 0 ? '' : `, ${one.lost} lost`;
  return `${one.kind}${where} ${one.version}: last report ${ago(now - one.lastReportAt)} ago, ${one.observations} observations${lost}`;
}

function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}
