import type { Endpoint, Observation, TransportProtocol } from '@nm/core';

/** The last column of a row: what only reporters other than sniffers know. */
export interface ReportDetail {
  readonly kafka?: NonNullable<Observation['kafka']>;
  readonly http?: NonNullable<Observation['http']>;
  readonly cloud?: NonNullable<Observation['cloud']>;
  readonly sourceWorkload?: NonNullable<Endpoint['workload']>;
  readonly destinationWorkload?: NonNullable<Endpoint['workload']>;
  readonly protocol?: TransportProtocol;
}

const MAX_TEXT = 2_048;
const MAX_LIST = 256;

type Fields = Readonly<Record<string, unknown>>;

/** Parses and checks a detail; undefined when it is malformed. Unknown fields are left out. */
export function parseDetail(json: string): ReportDetail | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!isFields(value)) return undefined;
  const { kafka, http, cloud, sourceWorkload, destinationWorkload, protocol } = value;
  const ok =
    (kafka === undefined || isKafka(kafka)) &&
    (http === undefined || isHttp(http)) &&
    (cloud === undefined || isCloud(cloud)) &&
    (sourceWorkload === undefined || isWorkload(sourceWorkload)) &&
    (destinationWorkload === undefined || isWorkload(destinationWorkload)) &&
    (protocol === undefined || isProtocol(protocol));
  if (!ok) return undefined;
  return {
    ...(kafka !== undefined && { kafka: pick(kafka, ['topic', 'operation', 'allowed', 'resourceType', 'principal']) }),
    ...(http !== undefined && { http: pick(http, ['path', 'methods']) }),
    ...(cloud !== undefined && { cloud: pick(cloud, ['provider', 'resource', 'actions', 'service', 'account', 'region']) }),
    ...(sourceWorkload !== undefined && { sourceWorkload: pick(sourceWorkload, ['namespace', 'name', 'kind', 'pod']) }),
    ...(destinationWorkload !== undefined && { destinationWorkload: pick(destinationWorkload, ['namespace', 'name', 'kind', 'pod']) }),
    ...(protocol !== undefined && { protocol }),
  };
}

function isKafka(value: unknown): value is NonNullable<ReportDetail['kafka']> {
  return (
    isFields(value) &&
    isText(value['topic']) &&
    isText(value['operation']) &&
    typeof value['allowed'] === 'boolean' &&
    isOptionalText(value['resourceType']) &&
    isOptionalText(value['principal'])
  );
}

function isHttp(value: unknown): value is NonNullable<ReportDetail['http']> {
  return isFields(value) && isText(value['path']) && isTexts(value['methods']);
}

function isCloud(value: unknown): value is NonNullable<ReportDetail['cloud']> {
  return (
    isFields(value) &&
    (value['provider'] === 'aws' || value['provider'] === 'gcp' || value['provider'] === 'azure') &&
    isText(value['resource']) &&
    isTexts(value['actions']) &&
    isOptionalText(value['service']) &&
    isOptionalText(value['account']) &&
    isOptionalText(value['region'])
  );
}

function isWorkload(value: unknown): value is NonNullable<Endpoint['workload']> {
  return (
    isFields(value) &&
    isText(value['namespace']) &&
    isText(value['name']) &&
    isOptionalText(value['kind']) &&
    (value['pod'] === undefined || typeof value['pod'] === 'boolean')
  );
}

function isProtocol(value: unknown): value is TransportProtocol {
  return value === 'TCP' || value === 'UDP' || value === 'SCTP' || value === 'HBONE';
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_TEXT;
}

function isOptionalText(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && value.length <= MAX_TEXT);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= MAX_LIST && value.every(isText);
}

/** A copy with the named fields only, so that nothing unchecked travels on. */
function pick<T extends object>(value: T, keys: readonly (keyof T & string)[]): T {
  const copy: Partial<T> = {};
  for (const key of keys) if (value[key] !== undefined) copy[key] = value[key];
  return copy as T;
}
