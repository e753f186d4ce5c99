import type { Series } from '../series-book.ts';
import type { ProtoWriter } from './proto-writer.ts';
import type { Attributes } from './service-graph.ts';

/** What each request of an export says before its points. */
export interface OtlpHead {
  readonly resource: Attributes;
  readonly scope: { readonly name: string; readonly version: string };
  readonly metric: { readonly name: string; readonly description: string };
}

/** AggregationTemporality (opentelemetry-proto, metrics/v1). */
const CUMULATIVE = 2;

/** An ExportMetricsServiceRequest (opentelemetry-proto, collector/metrics/v1) with one monotonic sum. The bytes are the writer's own. */
export function encodeMetrics(writer: ProtoWriter, head: OtlpHead, points: Iterable<Series<Attributes>>, now: number): Buffer {
  const at = toNanoseconds(now);
  writer.reset();
  const resourceMetrics = writer.begin(1);
  const resource = writer.begin(1);
  writeAttributes(writer, 1, head.resource);
  writer.end(resource);
  const scopeMetrics = writer.begin(2);
  const scope = writer.begin(1);
  writer.string(1, head.scope.name);
  writer.string(2, head.scope.version);
  writer.end(scope);
  const metric = writer.begin(2);
  writer.string(1, head.metric.name);
  writer.string(2, head.metric.description);
  const sum = writer.begin(7);
  for (const { startAt, value, labels } of points) {
    const point = writer.begin(1);
    writer.fixed64(2, toNanoseconds(startAt));
    writer.fixed64(3, at);
    writer.fixed64(6, BigInt(value));
    writeAttributes(writer, 7, labels);
    writer.end(point);
  }
  writer.varint(2, CUMULATIVE);
  writer.varint(3, 1);
  for (const start of [sum, metric, scopeMetrics, resourceMetrics]) writer.end(start);
  return writer.bytes();
}

/** Repeated KeyValue (opentelemetry-proto, common/v1). */
function writeAttributes(writer: ProtoWriter, field: number, attributes: Attributes): void {
  for (const key in attributes) {
    const value = attributes[key];
    if (value === undefined) continue;
    const pair = writer.begin(field);
    writer.string(1, key);
    const any = writer.begin(2);
    if (typeof value === 'string') writer.string(1, value);
    else writer.varint(2, value ? 1 : 0);
    writer.end(any);
    writer.end(pair);
  }
}

function toNanoseconds(at: number): bigint {
  return BigInt(Math.round(at * 1_000)) * 1_000n;
}

/** What a receiver did not take of a request that it accepted. */
export interface PartialSuccess {
  readonly rejectedPoints: number;
  readonly message: string;
}

/** Reads an ExportMetricsServiceResponse; undefined if all was taken, or if it cannot be read: the request was accepted anyway. */
export function decodePartialSuccess(answer: Buffer): PartialSuccess | undefined {
  const partial = fieldsOf(answer).find(({ field }) => field === 1)?.bytes;
  if (partial === undefined) return undefined;
  let rejectedPoints = 0;
  let message = '';
  for (const { field, value, bytes } of fieldsOf(partial)) {
    if (field === 1) rejectedPoints = value;
    if (field === 2) message = bytes?.toString() ?? '';
  }
  return rejectedPoints === 0 && message === '' ? undefined : { rejectedPoints, message };
}

interface Field {
  readonly field: number;
  readonly value: number;
  readonly bytes?: Buffer;
}

/** The varint and length-delimited fields up to the first that is neither, or that ends too early. */
function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; at < message.length; factor *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < message.length) {
    const tag = varint();
    const value = varint();
    if (Number.isNaN(value)) return fields;
    const field = Math.floor(tag / 8);
    if (tag % 8 === 0) {
      fields.push({ field, value });
    } else if (tag % 8 === 2 && at + value <= message.length) {
      fields.push({ field, value: 0, bytes: message.subarray(at, at + value) });
      at += value;
    } else {
      return fields;
    }
  }
  return fields;
}
