import { createReportWriter, decodeReport, REPORT_LIMITS } from '@nm/api';
import type { Observation } from '@nm/core';

/** Rows per second through the batch codec, strings of a busy node: `node bench/report-codec.ts`. */
const ROWS = 1_000;
const BATCHES = 300;
const REPEATS = 5;

const sentAt = Date.parse('2026-01-01T00:00:00Z');
const rows: Observation[] = Array.from({ length: ROWS }, (_, i) => ({
  kind: i % 3 === 0 ? 'dns' : 'tcp',
  vantage: 'client',
  source: { address: `10.1.0.${i % 100}`, podUid: `8d3f2a10-0000-4000-8000-0000000000${i % 90}` },
  destination: { protocol: 'TCP', address: `10.2.${i % 20}.${i % 250}`, port: 8080, name: `service-${i % 200}.shop.svc.cluster.local` },
  count: 3,
  firstSeenAt: sentAt - 900,
  lastSeenAt: sentAt - 20,
}));

function measure(name: string, run: () => void): void {
  const rates = Array.from({ length: REPEATS }, () => {
    const start = performance.now();
    for (let i = 0; i < BATCHES; i++) run();
    return (ROWS * BATCHES * 1_000) / (performance.now() - start);
  }).sort((a, b) => a - b);
  const [min, median, max] = [rates[0] ?? 0, rates[rates.length >> 1] ?? 0, rates.at(-1) ?? 0].map(
    (rate) => `${(rate / 1e6).toFixed(2)} M`,
  );
  console.log(`${name}: ${min} / ${median} / ${max} rows/s (min/median/max)`);
}

const write = (): object => {
  const writer = createReportWriter();
  for (const row of rows) writer.add(row);
  return writer.finish({ kind: 'sniffer', node: 'node-1', instance: 'i', version: '1' }, 1, sentAt);
};
const json = JSON.stringify(write());
const value: unknown = JSON.parse(json);

measure('write', () => write());
measure('decode', () => {
  const decoded = decodeReport(value, REPORT_LIMITS);
  if (!decoded.ok || decoded.rejected.length > 0) throw new Error('the batch must be good');
});
measure('JSON.parse + decode', () => {
  decodeReport(JSON.parse(json), REPORT_LIMITS);
});
console.log(`${json.length / ROWS} bytes a row`);
