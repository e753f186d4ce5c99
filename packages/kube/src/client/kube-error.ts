import { AppError } from '@nm/core';
import { isJsonObject, objectOf, textOf } from '../objects/fields.ts';

/**
 * What can go wrong with an API server:
 * - `kubeconfig-missing`, `kubeconfig-invalid`, `kube-context-not-found`: before anything is sent;
 * - `kube-unreachable`, `kube-timeout`: no answer;
 * - `kube-unauthorised` (401), `kube-forbidden` (403), `kube-not-found` (404), `kube-expired` (410),
 *   `kube-throttled` (429), `kube-server-error` (5xx), `kube-refused` (other 4xx): by status;
 * - `kube-bad-answer`: the answer is not what the API promises (no JSON, too large);
 * - `kube-mapper-not-found`, `kube-no-ready-pod`, `port-forward-failed`: finding and reaching the mapper;
 * - `exec-failed`: a command in a container.
 */
export type KubeErrorCode =
  | 'kubeconfig-missing'
  | 'kubeconfig-invalid'
  | 'kube-context-not-found'
  | 'kube-unreachable'
  | 'kube-timeout'
  | 'kube-unauthorised'
  | 'kube-forbidden'
  | 'kube-not-found'
  | 'kube-expired'
  | 'kube-throttled'
  | 'kube-server-error'
  | 'kube-refused'
  | 'kube-bad-answer'
  | 'kube-mapper-not-found'
  | 'kube-no-ready-pod'
  | 'port-forward-failed'
  | 'exec-failed';

export class KubeError extends AppError<KubeErrorCode> {
  /** How long the server asks to wait (Retry-After). */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: KubeErrorCode,
    message: string,
    options: { fields?: Record<string, unknown>; cause?: unknown; retryAfterMs?: number | undefined } = {},
  ) {
    super(code, message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

const BY_STATUS: Readonly<Record<number, KubeErrorCode>> = {
  401: 'kube-unauthorised',
  403: 'kube-forbidden',
  404: 'kube-not-found',
  410: 'kube-expired',
  429: 'kube-throttled',
};

const ADVICE: Partial<Readonly<Record<KubeErrorCode, string>>> = {
  'kube-unauthorised': 'the credentials were not accepted; log in again or choose another context',
  'kube-forbidden': 'ask for a role that allows it',
};

/** Longest text of a server that goes into a message. */
const MAX_REASON_CHARACTERS = 300;

/** Error of an answer with a failure status; `body` may hold a Status object (meta/v1). */
export function answerError(status: number, path: string, body: string, retryAfter?: string): KubeError {
  const code = BY_STATUS[status] ?? (status >= 500 ? 'kube-server-error' : 'kube-refused');
  const details = statusOf(body);
  const said = (textOf(details['message']) ?? body.trim()).slice(0, MAX_REASON_CHARACTERS);
  const advice = ADVICE[code];
  const text = [`the Kubernetes API answered ${status} to ${withoutQuery(path)}`, said, advice]
    .filter((part) => part !== undefined && part !== '')
    .join(': ');
  return new KubeError(code, text, {
    fields: { status, path: withoutQuery(path), reason: textOf(details['reason']) },
    retryAfterMs: retryAfterMs(retryAfter),
  });
}

function statusOf(body: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(body) as unknown;
    return isJsonObject(value) ? value : objectOf(undefined);
  } catch {
    return objectOf(undefined);
  }
}

/** Seconds or an HTTP date (RFC 9110 section 10.2.3); the API server sends seconds. */
function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

export function withoutQuery(path: string): string {
  const query = path.indexOf('?');
  return query === -1 ? path : path.slice(0, query);
}

export function isKubeError(error: unknown): error is KubeError {
  return error instanceof KubeError;
}
