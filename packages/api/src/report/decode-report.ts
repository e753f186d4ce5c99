import { MAX_ANSWER_ADDRESSES } from '@nm/core';
import type { Destination, Endpoint, EvidenceKind, Observation, TransportProtocol } from '@nm/core';
import { COLUMNS, KINDS, REPORT_PROTOCOL } from './format.ts';
import type { Reporter } from './format.ts';
import { decodeReporter, isFields } from './reporter.ts';
import type { ReportDetail } from './detail.ts';
import type { ReportLimits } from './limits.ts';
import { StringTable, toDestination } from './string-table.ts';

/** Why a row is refused. It is never resent, so each is a fault of the reporter. */
export type RowRejection =
  | 'row-shape'
  | 'bad-kind'
  | 'bad-address'
  | 'bad-name'
  | 'bad-uid'
  | 'bad-port'
  | 'bad-count'
  | 'bad-time'
  | 'bad-detail'
  | 'no-source'
  | 'no-destination';

export type DecodedReport =
  | {
      readonly ok: true;
      readonly reporter: Reporter;
      /** Milliseconds since the Unix epoch, the reporter's clock. */
      readonly sentAt: number;
      readonly sequence: number;
      readonly observations: readonly Observation[];
      readonly rejected: readonly { readonly index: number; readonly code: RowRejection }[];
    }
  | { readonly ok: false; readonly message: string };

/** What a node's packets and sockets show. */
const PACKET_KINDS: ReadonlySet<EvidenceKind> = new Set(['dns', 'tcp', 'socket', 'udp']);

/**
 * Checks and decodes one batch. Never throws by itself; a batch that cannot be understood as a whole gives the reason.
 * `toOurClock` is called once the reporter is known, before any row, and gives the time of `sentAt` on the reader's clock.
 */
export function decodeReport(
  value: unknown,
  limits: ReportLimits,
  toOurClock: (reporter: Reporter, sentAt: number) => number = (_, sentAt) => sentAt,
): DecodedReport {
  if (!isFields(value)) return refuse('the batch is not an object');
  if (value['protocol'] !== REPORT_PROTOCOL) {
    // Not everything that JSON says can be made a text: an object may have a field toString.
    const shown = typeof value['protocol'] === 'number' ? `protocol ${value['protocol']}` : 'the protocol';
    return refuse(`${shown} is not known here (known: ${REPORT_PROTOCOL}); update the older side`);
  }
  const reporter = decodeReporter(value['reporter'], limits);
  if (typeof reporter === 'string') return refuse(`reporter: ${reporter}`);
  const sentAt = typeof value['sentAt'] === 'string' ? Date.parse(value['sentAt']) : Number.NaN;
  if (!Number.isFinite(sentAt)) return refuse('sentAt is not an RFC 3339 time');
  const { sequence, strings, observations: rows } = value;
  if (typeof sequence !== 'number' || !Number.isSafeInteger(sequence) || sequence < 0) return refuse('sequence is not a whole number');
  if (!isStrings(strings, limits)) {
    return refuse(`strings: not a list of at most ${limits.maxStrings} texts of at most ${limits.maxStringLength} characters`);
  }
  if (!Array.isArray(rows) || rows.length > limits.maxRows) return refuse(`observations: not a list of at most ${limits.maxRows} rows`);

  const baseAt = toOurClock(reporter, sentAt);
  const decoder = createRowDecoder(new StringTable(strings, MAX_ANSWER_ADDRESSES), reporter.node, baseAt, limits);
  const observations: Observation[] = [];
  const rejected: { index: number; code: RowRejection }[] = [];
  for (let index = 0; index < rows.length; index++) {
    const decoded = decoder(rows[index]);
    if (typeof decoded === 'string') rejected.push({ index, code: decoded });
    else observations.push(decoded);
  }
  return { ok: true, reporter, sentAt, sequence, observations, rejected };
}

function refuse(message: string): DecodedReport {
  return { ok: false, message };
}

function isStrings(value: unknown, limits: ReportLimits): value is string[] {
  if (!Array.isArray(value) || value.length > limits.maxStrings) return false;
  for (const text of value) if (typeof text !== 'string' || text.length > limits.maxStringLength) return false;
  return true;
}

/** A function from one row to its observation, or to the reason why it is refused. */
function createRowDecoder(
  strings: StringTable,
  node: string | undefined,
  baseAt: number,
  limits: ReportLimits,
): (row: unknown) => Observation | RowRejection {
  const earliest = -limits.maxAgeMs;
  const latest = limits.maxAheadMs;

  return (row) => {
    if (!isRow(row)) return 'row-shape';
    const kind = KINDS[row[0] ?? -1];
    if (kind === undefined || (limits.sees !== undefined && (limits.sees === 'packets') !== PACKET_KINDS.has(kind))) return 'bad-kind';
    const flags = row[1] ?? 0;
    const sourceAddress = strings.address(row[2] ?? -1);
    const destinationAddress = strings.address(row[5] ?? -1);
    const askedAddress = strings.address(row[11] ?? -1);
    const addresses = strings.addressList(row[10] ?? -1);
    if (sourceAddress === null || destinationAddress === null || askedAddress === null || addresses === null) return 'bad-address';
    const sourceUid = strings.uid(row[3] ?? -1);
    const destinationUid = strings.uid(row[6] ?? -1);
    if (sourceUid === null || destinationUid === null) return 'bad-uid';
    const name = strings.name(row[8] ?? -1);
    const canonicalName = strings.name(row[9] ?? -1);
    if (name === null || canonicalName === null) return 'bad-name';
    const sourcePort = row[4] ?? -1;
    const destinationPort = row[7] ?? -1;
    const askedPort = row[12] ?? -1;
    if (!isPort(sourcePort) || !isPort(destinationPort) || !isPort(askedPort)) return 'bad-port';
    if ((askedAddress === undefined) !== (askedPort === -1)) return 'bad-port';
    const count = row[13] ?? -1;
    if (!(count >= 0 && count <= limits.maxCount && Number.isInteger(count))) return 'bad-count';
    const first = row[14] ?? Number.NaN;
    const last = row[15] ?? Number.NaN;
    if (!(first >= earliest && last <= latest && first <= last)) return 'bad-time';
    const detail = strings.detail(row[16] ?? -1);
    if (detail === null || (detail !== undefined && limits.sees === 'packets' && !isOfPackets(detail))) return 'bad-detail';

    if (sourceAddress === undefined && sourceUid === undefined && detail?.sourceWorkload === undefined) return 'no-source';
    if (
      destinationAddress === undefined &&
      destinationUid === undefined &&
      name === undefined &&
      detail?.destinationWorkload === undefined &&
      detail?.cloud === undefined
    ) {
      return 'no-destination';
    }

    const protocol: TransportProtocol = (flags & 8) === 0 ? 'TCP' : 'UDP';
    let source: Endpoint;
    if (sourceAddress !== undefined && sourceUid === undefined && sourcePort === -1 && detail?.sourceWorkload === undefined)
      source = strings.source(row[2] ?? -1, sourceAddress);
    else
      source = {
        address: sourceAddress,
        port: sourcePort === -1 ? undefined : sourcePort,
        podUid: sourceUid,
        workload: detail?.sourceWorkload,
        memo: undefined,
      };
    let destination: Destination;
    if (
      destinationAddress !== undefined &&
      destinationPort !== -1 &&
      destinationUid === undefined &&
      name === undefined &&
      addresses === undefined &&
      askedAddress === undefined &&
      detail === undefined
    )
      destination = strings.destination(row[5] ?? -1, destinationAddress, destinationPort, protocol);
    else {
      const own = toDestination(detail?.protocol ?? protocol);
      own.address = destinationAddress;
      if (destinationPort !== -1) own.port = destinationPort;
      own.podUid = destinationUid;
      own.name = name;
      own.canonicalName = canonicalName;
      own.addresses = addresses;
      if (askedAddress !== undefined) own.asked = { address: askedAddress, port: askedPort };
      own.workload = detail?.destinationWorkload;
      destination = own;
    }
    return {
      kind,
      vantage: (flags & 1) === 0 ? 'client' : 'server',
      node,
      source,
      destination,
      count,
      firstSeenAt: baseAt + first,
      lastSeenAt: baseAt + last,
      approximate: (flags & 4) === 0 ? undefined : true,
      directionGuessed: (flags & 2) === 0 ? undefined : true,
      bytes: undefined,
      kafka: detail?.kafka,
      http: detail?.http,
      cloud: detail?.cloud,
    };
  };
}

/** What may be known of packets besides their columns. */
function isOfPackets({ kafka, http, cloud, sourceWorkload, destinationWorkload }: ReportDetail): boolean {
  return [kafka, http, cloud, sourceWorkload, destinationWorkload].every((field) => field === undefined);
}

function isRow(value: unknown): value is number[] {
  if (!Array.isArray(value) || value.length !== COLUMNS) return false;
  for (let i = 0; i < COLUMNS; i++) if (typeof value[i] !== 'number') return false;
  return true;
}

/** A port, or -1 for absent. */
function isPort(port: number): boolean {
  return port >= -1 && port <= 65_535 && Number.isInteger(port);
}
