import { AppError } from '@nm/core';
import { isJsonObject, objectOf, textOf } from '../objects/fields.ts';

/** What can go wrong with an API server (docs/reference/errors.md is written from it). */
export const KUBE_ERRORS = {
  'kubeconfig-missing': 'No kubeconfig, and not inside a pod. Give --kubeconfig, or set KUBECONFIG.',
  'kubeconfig-invalid': 'The kubeconfig cannot be read or used. The message says where.',
  'kube-context-not-found': 'The kubeconfig has no such context. The message names those that it has.',
  'kube-unreachable': 'The API server cannot be connected to, or the connection broke.',
  'kube-timeout': 'The API server did not answer in time.',
  'kube-unauthorised': 'The credentials were not accepted (401). Log in again, or choose another context.',
  'kube-forbidden': 'The right is missing (403). The message names it; ask for a role that allows it.',
  'kube-not-found': 'The API server has no such object or kind (404).',
  'kube-expired': 'The version to go on from is forgotten (410). Watches list anew by themselves.',
  'kube-throttled': 'The API server asks to come back later (429).',
  'kube-server-error': 'The API server failed (5xx).',
  'kube-refused': 'The API server refused the request (another 4xx). Its reason follows.',
  'kube-bad-answer': 'The answer is not what the API promises: no JSON, or too large.',
  'kube-mapper-not-found': 'No Service of a mapper was found. Give --mapper-namespace or --url.',
  'kube-no-ready-pod': 'The mapper has no pod that is ready.',
  'port-forward-failed': 'The connection to the pod was not made, or broke.',
  'exec-failed': 'A command in a container could not be run, or failed.',
} as const;

export type KubeErrorCode = keyof typeof KUBE_ERRORS;

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
