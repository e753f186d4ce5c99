import type { Logger } from '@nm/core';
import type { PushMetricExporter, ResourceMetrics, SumMetricData } from '@opentelemetry/sdk-metrics';
import type { Series } from '../series-book.ts';
import type { OtelProtocol } from './otel-settings.ts';
import type { Attributes } from './service-graph.ts';

export interface OtelExporter {
  /** Sends the counters as they stand at `now`; resolves when acknowledged. @throws Error of the transport */
  send(series: Iterable<Series<Attributes>>, now: number): Promise<number>;
  stop(): Promise<void>;
}

/** Points of one request: a collector's default limit of 4 MiB per gRPC message is far away, and memory stays flat. */
const MAX_POINTS = 1_000;
const SERVICE_NAME = 'network-mapper';

/**
 * Loads OpenTelemetry's SDK, which nothing loads while export is off. It reads OTEL_EXPORTER_OTLP_* (endpoint,
 * headers, certificates, compression, timeout) and OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME itself.
 */
export async function loadOtelExporter(
  deps: { readonly log: Logger },
  options: { readonly protocol: OtelProtocol; readonly metricName: string; readonly instance?: string; readonly version: string },
): Promise<OtelExporter> {
  const [{ detectResources, envDetector, resourceFromAttributes }, { AggregationTemporality, DataPointType }, exporter] = await Promise.all(
    [import('@opentelemetry/resources'), import('@opentelemetry/sdk-metrics'), loadTransport(options.protocol)],
  );
  const resource = resourceFromAttributes({
    'service.name': SERVICE_NAME,
    'service.version': options.version,
    ...(options.instance !== undefined && { 'service.instance.id': options.instance }),
  }).merge(detectResources({ detectors: [envDetector] }));
  const descriptor = {
    name: options.metricName,
    description: 'Connections seen between two peers.',
    unit: '',
    valueType: 0,
  };

  function sendPoints(points: readonly Series<Attributes>[], now: number): Promise<void> {
    const metric: SumMetricData = {
      descriptor,
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      dataPoints: points.map(({ startAt, value, labels }) => ({
        startTime: toHrTime(startAt),
        endTime: toHrTime(now),
        attributes: labels,
        value,
      })),
    };
    const metrics: ResourceMetrics = {
      resource,
      scopeMetrics: [{ scope: { name: 'network-mapper', version: options.version }, metrics: [metric] }],
    };
    return new Promise((resolve, reject) => {
      exporter.export(metrics, ({ code, error }) => {
        if (code === 0) resolve();
        else reject(error ?? new Error('the receiver refused the metrics'));
      });
    });
  }

  deps.log.info('sends connections by OpenTelemetry', { protocol: options.protocol, metric: options.metricName });
  return {
    async send(series, now) {
      let requests = 0;
      let points: Series<Attributes>[] = [];
      for (const one of series) {
        points.push(one);
        if (points.length < MAX_POINTS) continue;
        await sendPoints(points, now);
        requests += 1;
        points = [];
      }
      if (points.length > 0) {
        await sendPoints(points, now);
        requests += 1;
      }
      return requests;
    },
    stop: () => exporter.shutdown(),
  };
}

async function loadTransport(protocol: OtelProtocol): Promise<PushMetricExporter> {
  if (protocol === 'grpc') return new (await import('@opentelemetry/exporter-metrics-otlp-grpc')).OTLPMetricExporter();
  return new (await import('@opentelemetry/exporter-metrics-otlp-proto')).OTLPMetricExporter();
}

function toHrTime(at: number): [number, number] {
  const seconds = Math.floor(at / 1_000);
  return [seconds, Math.round((at - seconds * 1_000) * 1e6)];
}
