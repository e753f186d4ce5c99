/** One metric; the table is what docs/reference/metrics.md is generated from. */
export interface SnifferMetric {
  readonly type: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly label?: string;
}

const counter = (name: string, help: string, label?: string): SnifferMetric => ({
  type: 'counter',
  name,
  help,
  ...(label === undefined ? {} : { label }),
});
const gauge = (name: string, help: string): SnifferMetric => ({ type: 'gauge', name, help });

/** Metrics of the sniffer. The figures live where they arise; the text is made when it is asked for, without a library's memory. */
export const SNIFFER_METRICS = {
  frames: counter('network_mapper_sniffer_frames_total', 'Frames that the kernel filter passed.'),
  kernelDrops: counter('network_mapper_sniffer_kernel_drops_total', 'Frames that the kernel dropped because the ring was full.'),
  overruns: counter('network_mapper_sniffer_ring_overruns_total', 'Times that the ring was full.'),
  ringBytes: gauge('network_mapper_sniffer_ring_bytes', 'Size of the capture ring.'),
  undecoded: counter('network_mapper_sniffer_undecoded_frames_total', 'Frames that gave no packet, by reason.', 'reason'),
  observer: counter('network_mapper_sniffer_packets_total', 'What became of DNS messages and connection attempts, by outcome.', 'outcome'),
  dnsStreams: counter('network_mapper_sniffer_dns_tcp_total', 'DNS over TCP, by event.', 'event'),
  processes: gauge('network_mapper_sniffer_processes', 'Processes of the node that are followed.'),
  namespaces: gauge('network_mapper_sniffer_network_namespaces', 'Network namespaces with a process.'),
  processScans: counter('network_mapper_sniffer_process_scans_total', 'Looks at the process list.'),
  processDenied: counter(
    'network_mapper_sniffer_processes_denied_total',
    'Looks at processes whose namespace may not be read (SYS_PTRACE is missing).',
  ),
  attributionEvictions: counter(
    'network_mapper_sniffer_attribution_evictions_total',
    'Addresses whose owner was forgotten early because the table was full.',
  ),
  connections: counter('network_mapper_sniffer_connections_total', 'Open connections first seen.'),
  hostAttempts: counter(
    'network_mapper_sniffer_host_attempts_total',
    "Connection attempts of the node's own processes, by who made them: pod, process (of no pod), gone (its socket was closed before it was asked for, or it was looked for behind that destination in vain a moment ago), skipped (beyond a bound).",
    'owner',
  ),
  socketTables: counter('network_mapper_sniffer_socket_table_reads_total', 'Socket tables read.'),
  socketProblems: counter('network_mapper_sniffer_socket_problems_total', 'Lines and sockets that were left out, by reason.', 'reason'),
  observations: counter('network_mapper_sniffer_observations_total', 'Observations handed to the reporter, by kind.', 'kind'),
  reports: counter('network_mapper_sniffer_report_requests_total', 'Requests with reports.'),
  reportFailures: counter('network_mapper_sniffer_report_failures_total', 'Requests that were not taken and are sent again.'),
  acknowledged: counter('network_mapper_sniffer_acknowledged_observations_total', 'Observations that the mapper has stored.'),
  losses: counter('network_mapper_sniffer_lost_observations_total', 'Observations that were lost or refused, by reason.', 'reason'),
  spoolMessages: gauge('network_mapper_sniffer_spool_messages', 'Reports that wait.'),
  spoolMemory: gauge('network_mapper_sniffer_spool_memory_bytes', 'Of them in memory, compressed.'),
  spoolDisk: gauge('network_mapper_sniffer_spool_disk_bytes', 'Of them on disk.'),
  residentBytes: gauge('process_resident_memory_bytes', 'Resident memory.'),
  cpuSeconds: counter('process_cpu_seconds_total', 'CPU time, user and system.'),
  /* Names of the older tool that dashboards know. */
  socketscanReported: counter('socketscan_reported_connections', 'Open connections reported (name of the older tool).'),
  dnsReported: counter('dns_reported_connections', 'Lookups reported (name of the older tool).'),
} as const;

export type SnifferMetricName = keyof typeof SNIFFER_METRICS;

/** A number, or numbers by label value. */
export type MetricValues = Readonly<Record<SnifferMetricName, number | Readonly<Record<string, number>>>>;

/** Prometheus text format 0.0.4. */
export function formatMetrics(values: MetricValues): string {
  return Object.entries(SNIFFER_METRICS)
    .map(([key, metric]: [string, SnifferMetric]) => {
      const value = values[key as SnifferMetricName];
      const lines =
        typeof value === 'number'
          ? [`${metric.name} ${value}`]
          : Object.entries(value).map(([label, number]) => `${metric.name}{${metric.label ?? 'label'}="${escapeLabel(label)}"} ${number}`);
      return `# HELP ${metric.name} ${metric.help}\n# TYPE ${metric.name} ${metric.type}\n${lines.map((line) => `${line}\n`).join('')}`;
    })
    .join('');
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
