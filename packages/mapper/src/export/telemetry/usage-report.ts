/**
 * All that usage telemetry ever says. docs/telemetry.md documents each field; a test holds the two together.
 * No names, addresses or identifiers: numbers only as their order of magnitude.
 */
export interface UsageReport {
  readonly schema: 'network-mapper/usage/v1';
  readonly version: string;
  readonly uptimeHours: number;
  readonly store: 'sqlite' | 'postgres';
  readonly edges: Magnitude;
  readonly nodes: Magnitude;
  readonly namespaces: Magnitude;
  readonly sniffers: Magnitude;
  readonly watchers: boolean;
  readonly otelExport: boolean;
  readonly edgeMetrics: boolean;
}

/** `0`, `1-9`, `10-99` … `100000+`. */
export type Magnitude = '0' | '1-9' | '10-99' | '100-999' | '1000-9999' | '10000-99999' | '100000+';

const STEPS: readonly [number, Magnitude][] = [
  [100_000, '100000+'],
  [10_000, '10000-99999'],
  [1_000, '1000-9999'],
  [100, '100-999'],
  [10, '10-99'],
  [1, '1-9'],
];

export function toMagnitude(count: number): Magnitude {
  return STEPS.find(([least]) => count >= least)?.[1] ?? '0';
}
