import type { AwsHttpRequest } from '../actions/aws-request.ts';
import { parseAwsHost } from '../actions/parse-host.ts';
import { isS3Host } from '../actions/s3-target.ts';
import type { BodyBudget } from './body-budget.ts';

/** Listens to the bytes that a client sends, beside their way; must never disturb it. */
export interface RequestTap {
  push(chunk: Buffer): void;
  end(): void;
}

export type RequestListener = (request: AwsHttpRequest) => void;

export interface TapOptions {
  /** Host by which the connection was made, when a request names none. */
  readonly host: string;
  /** Bytes of a body that are looked at. */
  readonly maxBodyBytes: number;
  /** What all bodies together may hold. */
  readonly budget: BodyBudget;
}

/** How much of a request's body tells what it asks for: nothing of what is put into S3, however large. */
export function bodyBytesToRead(method: string, host: string, path: string, options: TapOptions): number {
  if (method === 'GET' || method === 'HEAD') return 0;
  const parsed = method === 'POST' ? undefined : parseAwsHost(host);
  return parsed !== undefined && isS3Host(parsed, path) ? 0 : options.maxBodyBytes;
}

/** Only these headers are looked at; of `authorization` only the scope that names key id, region and service is kept. */
const KEPT: ReadonlySet<string> = new Set([
  'host',
  'authorization',
  'content-type',
  'content-encoding',
  'smithy-protocol',
  'x-amz-target',
  'x-amz-content-sha256',
  'x-amz-region-set',
  'x-amz-copy-source',
  'x-amz-acl',
  'x-amz-tagging',
  'x-amz-object-lock-legal-hold',
  'x-amz-object-lock-mode',
  'x-amz-bucket-object-lock-enabled',
  'x-amz-object-ownership',
  'x-amz-bypass-governance-retention',
  'x-amz-account-id',
  'x-amz-outpost-id',
]);

/** Keeps what tells the request's action and nothing that authenticates. */
export function keepHeader(headers: Record<string, string>, name: string, value: string): void {
  const lower = name.toLowerCase();
  if (!KEPT.has(lower) && !lower.startsWith('x-amz-grant-')) return;
  headers[lower] = lower === 'authorization' ? (/Credential=[^,\s]+/.exec(value)?.[0] ?? /^AWS [A-Z0-9]+:/.exec(value)?.[0] ?? '') : value;
}
