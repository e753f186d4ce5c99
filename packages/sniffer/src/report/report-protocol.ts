import type { Observation } from '@nm/core';
import type { Reporter, ReportSettings } from '@nm/api';

/** One message to the mapper, as JSON that can be written to disk and sent later. */
export interface ReportMessage {
  readonly sequence: number;
  /** Observations in it, to count what is lost with it. */
  readonly rows: number;
  readonly payload: unknown;
}

/** What became of a message. */
export type ReportOutcome =
  /** Acknowledged; never sent again. `rejected`: rows by code that the mapper did not take. */
  | {
      readonly kind: 'stored';
      readonly rejected: Readonly<Record<string, number>>;
      readonly retryAfterMs: number;
      readonly settings: ReportSettings | undefined;
    }
  /** Not now: kept and sent again. */
  | { readonly kind: 'later'; readonly afterMs: number | undefined; readonly reason: string }
  /** The mapper will never take it. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** How observations become messages: our own `report` mutation, or those of an old mapper. */
export interface ReportProtocol {
  /** Rows that wait in the writer. */
  readonly size: number;
  /** False when the message is full; the observation is not in it then. */
  add(observation: Observation): boolean;
  /** Ends the message; several where one cannot hold all kinds. */
  finish(reporter: Reporter, nextSequence: () => number, now: number): readonly ReportMessage[];
  /** Body of the HTTP request, JSON text; bytes are valid until the next call. `now`: the reporter's clock when it is sent. */
  toBody(payload: unknown, now: number): string | Uint8Array;
  readAnswer(answer: HttpAnswer, now: number): ReportOutcome;
  /** Whether a message without rows is worth sending (it tells that the node has a sniffer). */
  readonly sendsEmpty: boolean;
}

/** Longest wait that is granted. Timers take no more than 24 days, and fire at once beyond. */
const MAX_WAIT_MS = 600_000;

export function boundedWaitMs(ms: number): number {
  return Math.min(MAX_WAIT_MS, Math.max(0, ms));
}

/** Wait that the other side asks for: seconds or an HTTP date (RFC 9110 10.2.3); undefined when it does not. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return boundedWaitMs(seconds * 1000);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : boundedWaitMs(at - now);
}

interface GraphqlAnswer {
  readonly data: Readonly<Record<string, unknown>> | undefined;
  readonly error: { readonly message: string; readonly code: string } | undefined;
}

/** The parts of a GraphQL answer that decide what happens next; undefined when it is none. */
export function parseGraphqlAnswer(body: string): GraphqlAnswer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isFields(value)) return undefined;
  const first: unknown = Array.isArray(value['errors']) ? value['errors'][0] : undefined;
  const data = value['data'];
  if (!isFields(first)) return { data: isFields(data) ? data : undefined, error: undefined };
  const extensions = first['extensions'];
  const code = isFields(extensions) && typeof extensions['code'] === 'string' ? extensions['code'] : '';
  return { data: isFields(data) ? data : undefined, error: { message: String(first['message']), code } };
}

export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
