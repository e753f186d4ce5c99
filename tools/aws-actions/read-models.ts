import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** An operation of a service model, reduced to what tells it apart and what names resources. */
export interface ModelOperation {
  readonly name: string;
  readonly method: string;
  readonly uri: string;
  /** Literal labels that an SDK puts before the host. */
  readonly hostPrefix?: string;
  readonly members: readonly ModelMember[];
}

export interface ModelMember {
  readonly name: string;
  /** Name on the wire, when it differs. */
  readonly wire: string;
  readonly isRequired: boolean;
  readonly isText: boolean;
  /** Part of the URI's path. */
  readonly isLabel: boolean;
}

export interface ServiceModel {
  readonly id: string;
  readonly signingName: string;
  /** `json`, `rest-json`, `rest-xml`, `query`, `ec2`, `smithy-rpc-v2-cbor`: all that it speaks. */
  readonly protocols: readonly string[];
  readonly targetPrefix?: string;
  readonly version: string;
  /** Labels before region and suffix: `dynamodb`, `api.ecr`, `*.ddb`. */
  readonly hosts: readonly string[];
  /** Shape names a client of rpc-v2-cbor puts into the path. */
  readonly rpcName?: string;
  readonly operations: readonly ModelOperation[];
}

interface RawShape {
  readonly type: string;
  readonly members?: Record<string, RawMember>;
  readonly required?: readonly string[];
  readonly member?: RawMember;
  readonly flattened?: boolean;
}
interface RawMember {
  readonly shape: string;
  readonly location?: string;
  readonly locationName?: string;
  readonly queryName?: string;
  readonly flattened?: boolean;
}
interface RawModel {
  readonly metadata: Record<string, unknown>;
  readonly operations: Record<
    string,
    {
      readonly name: string;
      readonly http: { readonly method: string; readonly requestUri: string };
      readonly input?: { readonly shape: string };
      readonly endpoint?: { readonly hostPrefix?: string };
    }
  >;
  readonly shapes: Record<string, RawShape>;
}

/** Reads the newest version of every service in the `data` folder of botocore (Apache-2.0; PyPI). */
export function readModels(folder: string): ServiceModel[] {
  const extra = endpointHosts(folder);
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted()
    .flatMap((id) => {
      const version = readdirSync(`${folder}/${id}`).toSorted().at(-1) ?? '';
      const file = `${folder}/${id}/${version}/service-2.json.gz`;
      if (!existsSync(file)) return [];
      const model = readJson(file) as RawModel;
      const rules = `${folder}/${id}/${version}/endpoint-rule-set-1.json.gz`;
      const text = existsSync(rules) ? gunzipSync(readFileSync(rules)).toString() : '';
      return [toModel(id, model, text, extra)];
    });
}

function readJson(file: string): unknown {
  const bytes = readFileSync(file);
  return JSON.parse((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString());
}

/** Host labels by endpoint prefix from the older list of endpoints. */
function endpointHosts(folder: string): Map<string, Set<string>> {
  const hosts = new Map<string, Set<string>>();
  const data = readJson(`${folder}/endpoints.json`) as {
    readonly partitions: readonly {
      readonly dnsSuffix: string;
      readonly services: Record<string, { readonly endpoints: Record<string, { readonly hostname?: string }> }>;
    }[];
  };
  for (const partition of data.partitions) {
    for (const [service, { endpoints }] of Object.entries(partition.services)) {
      for (const { hostname } of Object.values(endpoints)) {
        if (hostname === undefined) continue;
        const key = toHostKey(hostname);
        if (key !== undefined) hosts.set(service, (hosts.get(service) ?? new Set()).add(key));
      }
    }
  }
  return hosts;
}

const SUFFIX =
  /\.(\{[A-Za-z]*(dnsSuffix|dualStackDnsSuffix)\}|amazonaws\.com(\.cn)?|amazonaws\.eu|api\.aws|on\.aws|api\.amazonwebservices\.(com\.cn|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|csp\.hci\.ic\.gov|cloud\.adc-e\.uk|api\.aws\.[a-z.]+)$/;
const REGION = /^(\{[A-Za-z]*(Region|region)\}|[a-z]{2,4}(-[a-z]+)+-\d+|us-gov|global)$/;

/** The labels that name the service: regions, suffix and FIPS marks are left out; placeholders become `*`. */
export function toHostKey(host: string): string | undefined {
  const clean = host.replace(/#/g, '');
  if (!SUFFIX.test(clean)) return undefined;
  const labels = clean
    .replace(SUFFIX, '')
    .split('.')
    .filter((label) => !REGION.test(label) && label !== 'dualstack' && label !== 'fips');
  const key = labels
    .map((label) => label.replace(/-fips$/, '').replace(/^fips-/, ''))
    .map((label) => (label.startsWith('{') && label.endsWith('}') ? '*' : label))
    .join('.');
  return key === '' || key.includes('{') || /^[*.]*$/.test(key) ? undefined : key;
}

function toModel(id: string, model: RawModel, rules: string, extra: ReadonlyMap<string, ReadonlySet<string>>): ServiceModel {
  const { metadata } = model;
  const prefix = String(metadata['endpointPrefix']);
  const signingName = (metadata['signingName'] as string | undefined) ?? prefix;
  const protocols = (metadata['protocols'] as string[] | undefined) ?? [String(metadata['protocol'])];
  const hosts = new Set<string>([prefix, ...(extra.get(prefix) ?? [])]);
  const expanded = [...rules.matchAll(/"url"\s*:\s*"https?:\/\/([^"/]+)/g)].flatMap(([, host]) =>
    (host ?? '').includes('{OperationType}')
      ? ['data', 'control'].map((type) => (host ?? '').replace('{OperationType}', type))
      : [host ?? ''],
  );
  for (const host of expanded) {
    const key = toHostKey(host.replace(/\{[A-Za-z]*EndpointSuffixValue\}/g, ''));
    if (key !== undefined) hosts.add(key);
  }
  const main = String(metadata['protocol']);
  const operations = Object.entries(model.operations).map(([name, operation]): ModelOperation => {
    const shape = operation.input === undefined ? undefined : model.shapes[operation.input.shape];
    // StreamId only chooses an endpoint.
    const named = Object.entries(shape?.members ?? {}).filter(([member]) => !(id === 'kinesis' && member === 'StreamId'));
    const members = named.map(([member, raw]) => toMember(member, raw, shape, model, main));
    const hostPrefix = operation.endpoint?.hostPrefix;
    return {
      name,
      method: operation.http.method,
      uri: operation.http.requestUri,
      members,
      ...(hostPrefix === undefined ? {} : { hostPrefix }),
    };
  });
  return {
    id,
    signingName,
    protocols,
    version: (metadata['apiVersion'] as string | undefined) ?? '',
    hosts: [...hosts].toSorted(),
    operations,
    ...(typeof metadata['targetPrefix'] === 'string' ? { targetPrefix: metadata['targetPrefix'] } : {}),
  };
}

function toMember(name: string, raw: RawMember, shape: RawShape | undefined, model: RawModel, protocol: string): ModelMember {
  const target = model.shapes[raw.shape];
  let wire = raw.locationName ?? name;
  if (protocol === 'ec2') wire = raw.queryName ?? wire.charAt(0).toUpperCase() + wire.slice(1);
  else if (protocol === 'query' && target?.flattened === true) wire = target.member?.locationName ?? wire;
  else if (protocol === 'json') wire = name;
  const element = target?.type === 'list' && target.member !== undefined ? model.shapes[target.member.shape] : target;
  return {
    name,
    wire,
    isRequired: shape?.required?.includes(name) === true,
    isText: element?.type === 'string',
    isLabel: raw.location === 'uri',
  };
}
