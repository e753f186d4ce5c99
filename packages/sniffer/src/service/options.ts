import { option, optional } from '@nm/runtime';
import type { LogLevel } from '@nm/runtime';
import { boolean, bytes, choice, duration, httpUrl, integer, list, listenAddress, text } from './light-option-types.ts';

/** Options of `network-mapper sniffer`; docs/reference/options.md is generated from this table. */
export const SNIFFER_OPTIONS = {
  mapperUrl: option({
    flag: 'mapper-url',
    type: httpUrl(),
    default: 'http://network-mapper:9090/query',
    help: 'Where reports go; /query is added when it is missing.',
    oldEnv: ['OTTERIZE_MAPPER_API_URL'],
  }),
  protocol: option<'own' | 'compatible'>({
    flag: 'protocol',
    type: choice(['own', 'compatible']),
    default: 'own',
    help: 'own: counts, ports and times, stored before they are acknowledged. compatible: the mutations of an old mapper.',
  }),
  node: optional({ flag: 'node', type: text('a node name'), help: 'Name of this node.', oldEnv: ['NODE_NAME'] }),
  hostProc: option({
    flag: 'host-proc',
    type: text('a folder'),
    default: '/proc',
    help: "The node's procfs: /proc in a pod with hostPID, or where it is mounted.",
    oldEnv: ['HOST_PROC', 'OTTERIZE_HOST_PROC_DIR'],
  }),
  dnsPorts: option({
    flag: 'dns-ports',
    type: list(integer({ min: 1, max: 65_535 })),
    default: [53],
    help: 'Ports whose traffic is DNS. The mapper adds the ports of DNS pods by itself.',
  }),
  reportInterval: option({
    flag: 'report-interval',
    type: duration({ minMs: 250, maxMs: 60_000 }),
    default: 5_000,
    help: 'How often counts are reported, and so what a killed sniffer may lose. A call that nobody made within the last minute is reported within a second. A node with more than 1,000 different calls a second reports all of them less often, every 10 s at most. The mapper may ask for a longer interval.',
  }),
  spoolMemory: option({
    flag: 'spool-memory',
    type: bytes(),
    default: 8 * 1024 * 1024,
    help: 'Compressed reports that wait in memory while the mapper is away.',
  }),
  spoolDir: optional({ flag: 'spool-dir', type: text('a folder'), help: 'Folder for reports that wait; they survive a crash there.' }),
  spoolDisk: option({ flag: 'spool-disk', type: bytes(), default: 256 * 1024 * 1024, help: 'Size that the folder may reach.' }),
  tokenFile: optional({
    flag: 'token-file',
    type: text('a file'),
    help: 'File with the token that identifies this sniffer; read again each time.',
  }),
  caFile: optional({ flag: 'ca-file', type: text('a file'), help: "PEM file of the authority that signed the mapper's certificate." }),
  handover: optional({
    flag: 'handover',
    type: text('a name'),
    help: 'Sniffers of this name on one node take over from each other: a new one watches, and reports from the moment at which the old one stops.',
  }),
  metricsListen: option({
    flag: 'metrics-listen',
    type: listenAddress(),
    default: { port: 2112 },
    help: 'Where /metrics is served, and /healthz.',
  }),
  healthListen: optional({
    flag: 'health-listen',
    type: listenAddress(),
    help: 'A second address for /healthz and /readyz, for probes that may not see the metrics.',
  }),
  logLevel: option<LogLevel>({
    flag: 'log-level',
    type: choice(['debug', 'info', 'warn', 'error']),
    default: 'info',
    help: 'Least severe log line.',
  }),
  print: option({
    flag: 'print',
    type: boolean(),
    default: false,
    help: 'Print observations instead of reporting them: for a machine without a mapper.',
  }),
  format: option<'text' | 'json'>({
    flag: 'format',
    type: choice(['text', 'json']),
    default: 'text',
    help: 'Form of printed observations; json: one object a line.',
  }),
  duration: optional({ flag: 'duration', type: duration({ minMs: 100 }), help: 'With --print: stop after this long.' }),
  loopback: option({
    flag: 'loopback',
    type: boolean(),
    default: false,
    help: 'With --print: also 127.0.0.0/8 and ::1, where the resolver of a single machine often listens.',
  }),
} as const;

/** Options of `network-mapper capture`. */
export const CAPTURE_OPTIONS = {
  output: option({
    flag: 'output',
    type: text('a file'),
    default: 'capture.pcapng',
    help: 'File to write, pcapng; - writes to standard output. -o for short.',
  }),
  duration: option({ flag: 'duration', type: duration({ minMs: 100 }), default: 60_000, help: 'How long to capture.' }),
  dnsPorts: SNIFFER_OPTIONS.dnsPorts,
  loopback: SNIFFER_OPTIONS.loopback,
  maxBytes: option({ flag: 'max-bytes', type: bytes(), default: 1024 * 1024 * 1024, help: 'Stop when the file is this large.' }),
} as const;
