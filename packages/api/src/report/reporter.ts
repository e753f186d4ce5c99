import { canonicalAddress } from '@nm/core';
import type { Reporter } from './format.ts';
import type { ReportLimits } from './limits.ts';

const KINDS: readonly string[] = ['sniffer', 'kafka-watcher', 'istio-watcher', 'aws-visibility'] satisfies Reporter['kind'][];
const INSTANCE = /^[0-9A-Za-z_.:-]{1,128}$/;
const MAX_NAME = 253;
const MAX_LOSS_REASONS = 64;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Who sent a batch, checked; or what is wrong with it. */
export function decodeReporter(value: unknown, limits: ReportLimits): Reporter | string {
  if (!isFields(value)) return 'not an object';
  const { kind, node, instance, version, addresses, listeners, losses } = value;
  if (typeof kind !== 'string' || !KINDS.includes(kind)) return `kind is none of ${KINDS.join(', ')}`;
  if (typeof instance !== 'string' || !INSTANCE.test(instance)) return 'instance is not 1 to 128 letters, digits, or _.:-';
  if (typeof version !== 'string' || version.length > 128) return 'version is not a text of at most 128 characters';
  if (node !== undefined && (typeof node !== 'string' || node.length === 0 || node.length > MAX_NAME)) return 'node is not a node name';
  const reporter: Mutable<Reporter> = { kind: kind as Reporter['kind'], instance, version };
  if (node !== undefined) reporter.node = node;
  if (addresses !== undefined) {
    const list = toList(addresses, limits, (item) => (typeof item === 'string' ? canonicalAddress(item) : undefined));
    if (list === undefined) return `addresses: not a list of at most ${limits.maxReporterEntries} addresses`;
    reporter.addresses = list;
  }
  if (listeners !== undefined) {
    const list = toList(listeners, limits, toListener);
    if (list === undefined) return `listeners: not a list of at most ${limits.maxReporterEntries} {port, protocol, podUid}`;
    reporter.listeners = list;
  }
  if (losses !== undefined) {
    const counts = toCounts(losses);
    if (counts === undefined) return `losses: not at most ${MAX_LOSS_REASONS} counts by reason`;
    reporter.losses = counts;
  }
  return reporter;
}

function toList<T>(value: unknown, limits: ReportLimits, toItem: (item: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length > limits.maxReporterEntries) return undefined;
  const list: T[] = [];
  for (const entry of value) {
    const item = toItem(entry);
    if (item === undefined) return undefined;
    list.push(item);
  }
  return list;
}

function toListener(value: unknown): NonNullable<Reporter['listeners']>[number] | undefined {
  if (!isFields(value)) return undefined;
  const { port, protocol, podUid } = value;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  if (protocol !== 'TCP' && protocol !== 'UDP') return undefined;
  if (podUid === undefined) return { port, protocol };
  return typeof podUid === 'string' && podUid.length <= 64 ? { port, protocol, podUid } : undefined;
}

function toCounts(value: unknown): Readonly<Record<string, number>> | undefined {
  if (!isFields(value)) return undefined;
  const entries = Object.entries(value);
  if (entries.length > MAX_LOSS_REASONS) return undefined;
  const counts: [string, number][] = [];
  for (const [reason, count] of entries) {
    if (reason.length > 64 || typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) return undefined;
    counts.push([reason, count]);
  }
  return Object.fromEntries(counts);
}
