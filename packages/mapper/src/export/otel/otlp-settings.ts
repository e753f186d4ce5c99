import { validateHeaderName, validateHeaderValue } from 'node:http';
import { OptionError } from '@nm/runtime';
import type { OtelProtocol } from './otel-settings.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** How to reach the receiver (OpenTelemetry specification, protocol/exporter). */
export interface OtlpSettings {
  /** For HTTP with the path of requests. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Of one request with its repetitions. */
  readonly timeoutMs: number;
  readonly isGzip: boolean;
  /** PEM files; read for each export, because certificates are renewed. */
  readonly files: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

const DEFAULT_TIMEOUT_MS = 10_000;

/** Reads OTEL_EXPORTER_OTLP_* and, before them, OTEL_EXPORTER_OTLP_METRICS_*. @throws OptionError */
export function otlpSettings(env: Env, protocol: OtelProtocol): OtlpSettings {
  const ca = read(env, 'CERTIFICATE');
  const cert = read(env, 'CLIENT_CERTIFICATE');
  const key = read(env, 'CLIENT_KEY');
  return {
    url: protocol === 'grpc' ? grpcUrl(env) : httpUrl(env),
    headers: headersOf(env),
    timeoutMs: timeoutOf(env),
    isGzip: isGzip(env),
    files: { ...(ca !== '' && { ca }), ...(cert !== '' && { cert }), ...(key !== '' && { key }) },
  };
}

/** Pairs `key=value,…` with values percent-encoded (W3C Baggage, as the specification has them); undefined if one is none. */
export function parsePairs(text: string): Readonly<Record<string, string>> | undefined {
  const pairs: Record<string, string> = {};
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const equals = part.indexOf('=');
    const key = part.slice(0, Math.max(equals, 0)).trim();
    if (key === '') return undefined;
    try {
      pairs[decodeURIComponent(key)] = decodeURIComponent(part.slice(equals + 1).trim());
    } catch {
      return undefined;
    }
  }
  return pairs;
}

function read(env: Env, name: string): string {
  const own = env[`OTEL_EXPORTER_OTLP_METRICS_${name}`] ?? '';
  return (own === '' ? (env[`OTEL_EXPORTER_OTLP_${name}`] ?? '') : own).trim();
}

/** The endpoint of metrics is used as it is, the one of all signals is a base. */
function httpUrl(env: Env): URL {
  const own = (env['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'] ?? '').trim();
  if (own !== '') return toUrl(own);
  const base = (env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '').trim();
  const url = toUrl(base === '' ? 'http://localhost:4318' : base);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/metrics`;
  return url;
}

/** May come without a scheme; then …_INSECURE says whether without TLS. */
function grpcUrl(env: Env): URL {
  const text = read(env, 'ENDPOINT');
  if (text === '') return new URL('http://localhost:4317');
  if (/^[\w.-]+:\/\//.test(text)) return toUrl(text);
  return toUrl(`${read(env, 'INSECURE').toLowerCase() === 'true' ? 'http' : 'https'}://${text}`);
}

/** Says nothing of the value: it may have a password in it. */
function toUrl(text: string): URL {
  if (URL.canParse(text)) {
    const url = new URL(text);
    if ((url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '') return url;
  }
  throw new OptionError(
    'option_invalid',
    'OTEL_EXPORTER_OTLP_ENDPOINT is not an address of a receiver: give http://host:port or https://host:port',
  );
}

function headersOf(env: Env): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const name of ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_METRICS_HEADERS']) {
    try {
      const pairs = parsePairs(env[name] ?? '');
      if (pairs === undefined) throw new Error('not pairs');
      for (const [key, value] of Object.entries(pairs)) {
        validateHeaderName(key);
        validateHeaderValue(key, value);
        headers[key.toLowerCase()] = value;
      }
    } catch {
      throw new OptionError('option_invalid', `${name} cannot be sent: give key=value,key=value with values percent-encoded`);
    }
  }
  return headers;
}

function timeoutOf(env: Env): number {
  const text = read(env, 'TIMEOUT');
  if (text === '') return DEFAULT_TIMEOUT_MS;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= 3_600_000) return value;
  throw new OptionError('option_invalid', `OTEL_EXPORTER_OTLP_TIMEOUT is ${JSON.stringify(text)}: give milliseconds, 1 to 3600000`);
}

function isGzip(env: Env): boolean {
  const text = read(env, 'COMPRESSION');
  if (text === 'gzip') return true;
  if (text === '' || text === 'none') return false;
  throw new OptionError('option_invalid', `OTEL_EXPORTER_OTLP_COMPRESSION is ${JSON.stringify(text)}: use gzip or none`);
}
