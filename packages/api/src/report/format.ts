/**
 * The body of our own `report(batch)` mutation. A batch is one JSON value, checked once by
 * `decodeReport`, because GraphQL's own input coercion would cost more than storing it. Strings are sent once per
 * batch in `strings` and referred to by index, so that a sniffer that sees one client ask many names sends
 * numbers, not text.
 *
 * A row of `observations` is an array of numbers; -1 stands for "absent". Columns, in this order:
 *
 *  0 kind         index into KINDS
 *  1 flags        bit 0: vantage is server; bit 1: direction guessed; bit 2: approximate; bit 3: 1 = destination is UDP
 *  2 source       string: address
 *  3 sourceUid    string: pod UID
 *  4 sourcePort   number (only with direction guessed)
 *  5 destination  string: address
 *  6 destinationUid string: pod UID
 *  7 destinationPort number
 *  8 name         string
 *  9 canonicalName string
 * 10 answer       string: addresses of a DNS answer, joined by one space
 * 11 asked        string: address
 * 12 askedPort    number
 * 13 count
 * 14 firstSeen    milliseconds relative to `sentAt` (may be negative; a fraction is allowed)
 * 15 lastSeen     the same
 * 16 detail       string: JSON object with any of kafka, http, cloud, sourceWorkload, destinationWorkload, protocol (where it is
 *                neither TCP nor UDP), for reporters other than sniffers
 *
 * A batch that is sent again keeps its sequence, and `rebaseReport` moves its `sentAt` to the time of sending, because
 * the mapper measures the reporter's clock by it.
 */
export const REPORT_PROTOCOL = 1;
export const KINDS = ['dns', 'tcp', 'socket', 'udp', 'kafka', 'http', 'aws'] as const;
export const COLUMNS = 17;

export interface ReportBatch {
  readonly protocol: number;
  readonly reporter: Reporter;
  /** RFC 3339, the reporter's clock. */
  readonly sentAt: string;
  /** Strictly rising per reporter instance; a batch whose sequence was already stored is answered and not stored again. */
  readonly sequence: number;
  readonly strings: readonly string[];
  readonly observations: readonly (readonly number[])[];
}

export interface Reporter {
  readonly kind: 'sniffer' | 'kafka-watcher' | 'istio-watcher' | 'aws-visibility';
  readonly node?: string;
  /** Random, kept with the spool: a restarted process that still has its spool keeps it. */
  readonly instance: string;
  readonly version: string;
  /** The node's own addresses, bridges and tunnels included (rule 8). */
  readonly addresses?: readonly string[];
  /** Ports on which processes of the host network listen, with the pod that owns the process if known (rule 9). */
  readonly listeners?: readonly { readonly port: number; readonly protocol: 'TCP' | 'UDP'; readonly podUid?: string }[];
  /** Losses since the instance started, by reason. */
  readonly losses?: Readonly<Record<string, number>>;
}

export interface ReportAnswer {
  readonly stored: number;
  readonly rejected: readonly { readonly index: number; readonly code: string }[];
  readonly retryAfterMs: number;
  readonly settings: ReportSettings;
}

/** What only the mapper knows and sniffers need. */
export interface ReportSettings {
  /** Ports of pods that serve DNS behind a Service's port 53, besides 53 itself. */
  readonly dnsPorts: readonly number[];
  /** Sniffers report counts no more often; one whose own interval is longer keeps it. */
  readonly reportIntervalMs: number;
}
