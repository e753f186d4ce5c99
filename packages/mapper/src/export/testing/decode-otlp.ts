export type AttributeValue = string | number | boolean;

export interface ReceivedPoint {
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly value: number;
  /** ms since the Unix epoch. */
  readonly startAt: number;
  readonly at: number;
}

export interface ReceivedMetric {
  readonly name: string;
  /** 2 is cumulative (AggregationTemporality). */
  readonly temporality: number;
  readonly isMonotonic: boolean;
  readonly points: readonly ReceivedPoint[];
}

export interface ReceivedExport {
  readonly resource: Readonly<Record<string, AttributeValue>>;
  readonly metrics: readonly ReceivedMetric[];
}

interface Field {
  readonly number: number;
  readonly bytes: Buffer;
  readonly value: bigint;
}

/** An ExportMetricsServiceRequest (opentelemetry-proto, collector/metrics/v1) with sums, decoded without its library. */
export function decodeExport(body: Buffer): ReceivedExport {
  const [resourceMetrics] = messages(body, 1);
  if (resourceMetrics === undefined) return { resource: {}, metrics: [] };
  const [resource] = messages(resourceMetrics, 1);
  const metrics = messages(resourceMetrics, 2).flatMap((scope) => messages(scope, 2).map(toMetric));
  return { resource: resource === undefined ? {} : toAttributes(messages(resource, 1)), metrics };
}

function toMetric(metric: Buffer): ReceivedMetric {
  const [name] = messages(metric, 1);
  const sum = messages(metric, 7)[0] ?? Buffer.alloc(0);
  return {
    name: name?.toString() ?? '',
    temporality: Number(numberOf(sum, 2)),
    isMonotonic: numberOf(sum, 3) === 1n,
    points: messages(sum, 1).map((point) => ({
      attributes: toAttributes(messages(point, 7)),
      value: Number(numberOf(point, 6)),
      startAt: Number(numberOf(point, 2) / 1_000_000n),
      at: Number(numberOf(point, 3) / 1_000_000n),
    })),
  };
}

function toAttributes(pairs: readonly Buffer[]): Record<string, AttributeValue> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [value] = messages(pair, 2);
      const [field] = value === undefined ? [] : fieldsOf(value);
      const key = messages(pair, 1)[0]?.toString() ?? '';
      if (field === undefined) return [key, ''];
      return [key, field.number === 1 ? field.bytes.toString() : field.number === 2 ? field.value === 1n : Number(field.value)];
    }),
  );
}

function messages(body: Buffer, number: number): Buffer[] {
  return fieldsOf(body).flatMap((field) => (field.number === number ? [field.bytes] : []));
}

function numberOf(body: Buffer, number: number): bigint {
  return fieldsOf(body).find((field) => field.number === number)?.value ?? 0n;
}

/** Fields of one message (protobuf encoding: varint, 64 bit, length-delimited, 32 bit). */
function fieldsOf(body: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = body.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < body.length) {
    const tag = Number(varint());
    const number = tag >> 3;
    const none = Buffer.alloc(0);
    switch (tag & 7) {
      case 0:
        fields.push({ number, bytes: none, value: varint() });
        break;
      case 1:
        fields.push({ number, bytes: none, value: body.readBigInt64LE(at) });
        at += 8;
        break;
      case 2: {
        const length = Number(varint());
        fields.push({ number, bytes: body.subarray(at, at + length), value: 0n });
        at += length;
        break;
      }
      case 5:
        fields.push({ number, bytes: none, value: BigInt(body.readInt32LE(at)) });
        at += 4;
        break;
      default:
        throw new Error(`wire type ${tag & 7} is not of protobuf 3`);
    }
  }
  return fields;
}
