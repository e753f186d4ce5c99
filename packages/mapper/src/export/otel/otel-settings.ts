import { OptionError } from '@nm/runtime';

type Env = Readonly<Record<string, string | undefined>>;

export type OtelProtocol = 'grpc' | 'http/protobuf';

const DEFAULT_INTERVAL_MS = 60_000;
const MIN_INTERVAL_MS = 100;

/** Whether export is on: told so, or an endpoint is set. OTEL_SDK_DISABLED and OTEL_METRICS_EXPORTER=none switch off. */
export function isOtelOn(wanted: boolean | undefined, env: Env): boolean {
  if (wanted === false || env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_METRICS_EXPORTER'] === 'none') return false;
  return wanted === true || endpointOf(env) !== undefined;
}

/**
 * OTEL_EXPORTER_OTLP_METRICS_PROTOCOL, then OTEL_EXPORTER_OTLP_PROTOCOL. Without them gRPC, as existing installations
 * expect, but for the port that is reserved for OTLP over HTTP (4318, OTLP specification).
 * @throws OptionError for a protocol that we do not speak
 */
export function otelProtocol(env: Env): OtelProtocol {
  const name = env['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? '';
  if (name === 'grpc' || name === 'http/protobuf') return name;
  if (name !== '') {
    throw new OptionError('option_invalid', `OTEL_EXPORTER_OTLP_PROTOCOL is ${JSON.stringify(name)}: use grpc or http/protobuf`);
  }
  const endpoint = endpointOf(env) ?? '';
  return URL.canParse(endpoint) && new URL(endpoint).port === '4318' ? 'http/protobuf' : 'grpc';
}

/** OTEL_METRIC_EXPORT_INTERVAL, ms. @throws OptionError */
export function otelIntervalMs(env: Env): number {
  const text = env['OTEL_METRIC_EXPORT_INTERVAL'] ?? '';
  if (text === '') return DEFAULT_INTERVAL_MS;
  const value = Number(text);
  if (Number.isInteger(value) && value >= MIN_INTERVAL_MS && value <= 86_400_000) return value;
  throw new OptionError(
    'option_invalid',
    `OTEL_METRIC_EXPORT_INTERVAL is ${JSON.stringify(text)}: give milliseconds, ${MIN_INTERVAL_MS} or more`,
  );
}

function endpointOf(env: Env): string | undefined {
  for (const name of ['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT']) {
    const value = env[name];
    if (value !== undefined && value !== '') return value;
  }
  return undefined;
}
