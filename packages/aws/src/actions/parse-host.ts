/** A host of an AWS API, taken apart. */
export interface AwsHost {
  readonly partition: string;
  readonly region?: string;
  /** Labels before region and suffix, without marks of FIPS and dual stack: `['dynamodb']`, `['bucket', 's3']`. */
  readonly labels: readonly string[];
  /** Twelve digits in front (`123456789012.ddb.…`). */
  readonly account?: string;
}

/** Suffixes of each partition, longest first where one ends with another (AWS SDKs' partitions.json). */
const SUFFIXES: readonly (readonly [suffix: string, partition: string])[] = [
  ['api.amazonwebservices.com.cn', 'aws-cn'],
  ['amazonaws.com.cn', 'aws-cn'],
  ['api.amazonwebservices.eu', 'aws-eusc'],
  ['amazonaws.eu', 'aws-eusc'],
  ['api.aws.ic.gov', 'aws-iso'],
  ['api.aws.hci.ic.gov', 'aws-iso-f'],
  ['csp.hci.ic.gov', 'aws-iso-f'],
  ['c2s.ic.gov', 'aws-iso'],
  ['api.aws.scloud', 'aws-iso-b'],
  ['sc2s.sgov.gov', 'aws-iso-b'],
  ['api.cloud-aws.adc-e.uk', 'aws-iso-e'],
  ['cloud.adc-e.uk', 'aws-iso-e'],
  ['amazonaws.com', 'aws'],
  ['api.aws', 'aws'],
  ['on.aws', 'aws'],
];

const REGION = /^(us|eu|ap|sa|ca|me|af|il|mx|cn|eusc|us-gov|us-iso[a-z]?|eu-isoe)(-[a-z]+)+-\d{1,2}$/;
const ACCOUNT = /^\d{12}$/;
/** Regions by which a partition's global endpoints are meant. */
const GLOBAL: ReadonlySet<string> = new Set(['global', 'aws-global', 'us-gov', 'aws-us-gov-global', 'aws-cn-global']);
/** Names under the suffixes that are customers' own servers, not APIs. */
const NOT_API: ReadonlySet<string> = new Set([
  'elb',
  'compute',
  'compute-1',
  'rds',
  'cache',
  'redshift',
  'elasticbeanstalk',
  'awsapprunner',
  'amplifyapp',
  'docdb',
  'neptune',
  'serverlesscache',
  'awsglobalaccelerator',
  'console',
  'signin',
  'mq',
  'kafka-serverless',
  'memorydb',
  'dax-clusters',
  'ec2-instance-connect',
  'transfer',
  'efs',
  'fsx',
  's3-website',
]);

/** Of those, the ones that are also the name of an API when nothing stands before them. */
const ALSO_API: ReadonlySet<string> = new Set([
  'rds',
  'redshift',
  'elasticbeanstalk',
  'mq',
  'transfer',
  'signin',
  'fsx',
  'efs',
  'ec2-instance-connect',
]);

export function isRegion(text: string): boolean {
  return REGION.test(text);
}

/** Takes a host apart; undefined for what is not under one of AWS's own domains, or is no API there. */
export function parseAwsHost(host: string): AwsHost | undefined {
  const name = host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
  const found = SUFFIXES.find(([suffix]) => name.endsWith(`.${suffix}`));
  if (found === undefined) return undefined;
  const [suffix, ownPartition] = found;
  const parts = name.slice(0, -suffix.length - 1).split('.');
  if (parts.some((part) => part === '')) return undefined;
  return toHost(parts, ownPartition);
}

/**
 * Whether two hosts are of one service, region and partition: a request may name another bucket than its connection does, but not
 * another service, so that nothing is told that its server would not do.
 */
export function isSameEndpoint(host: string, connected: string): boolean {
  const [own, other] = [parseAwsHost(host), parseAwsHost(connected)];
  if (own === undefined || other === undefined) return host.toLowerCase() === connected;
  return own.labels.at(-1) === other.labels.at(-1) && own.region === other.region && own.partition === other.partition;
}

function toHost(parts: readonly string[], ownPartition: string): AwsHost | undefined {
  let labels = parts;
  // VPC endpoints: vpce-…[-zone].SERVICE.REGION.vpce
  if (labels.at(-1) === 'vpce') labels = withoutVpce(labels.slice(0, -1));
  let region: string | undefined;
  const last = labels.at(-1) ?? '';
  if (isRegion(last) || GLOBAL.has(last)) {
    if (!GLOBAL.has(last)) region = last;
    else if (last === 'us-gov') region = 'us-gov-west-1';
    labels = labels.slice(0, -1);
  } else if (isRegion(labels.at(-2) ?? '') && labels.length === 2) {
    // Legacy order: us-east-1.elasticmapreduce, us-west-2.queue
    region = labels[0];
    labels = labels.slice(1);
  } else {
    const dash = /^(s3(?:-fips|-website|-control|-accesspoint)?|s3-external)-([a-z-]+-\d)$/.exec(last);
    if (dash?.[2] !== undefined && isRegion(dash[2])) {
      region = dash[2];
      labels = [...labels.slice(0, -1), dash[1] ?? 's3'];
    } else if (last === 's3-external-1') labels = [...labels.slice(0, -1), 's3'];
  }
  labels = labels
    .filter((label) => label !== 'dualstack' && label !== 'fips')
    .map((label, index, all) =>
      index === all.length - 1 || (index === all.length - 2 && !all.at(-1)?.startsWith('s3')) ? withoutFips(label) : label,
    );
  // EC2 and others also put a region before the service.
  if (labels.length >= 2 && region === undefined && isRegion(labels[0] ?? '') && labels.at(-1) !== 's3') {
    region = labels[0];
    labels = labels.slice(1);
  }
  const service = labels.at(-1);
  if (service === undefined || service.startsWith('s3-website')) return undefined;
  if (NOT_API.has(service) && (labels.length > 1 || !ALSO_API.has(service))) return undefined;
  const account = labels.find((label) => ACCOUNT.test(label));
  const partition = region === undefined ? ownPartition : partitionOf(region, ownPartition);
  return { partition, labels, ...(region === undefined ? {} : { region }), ...(account === undefined ? {} : { account }) };
}

/** GovCloud shares the commercial suffix; its regions tell. */
function partitionOf(region: string, ownPartition: string): string {
  return region.startsWith('us-gov-') ? 'aws-us-gov' : ownPartition;
}

function withoutFips(label: string): string {
  return label
    .replace(/-fips$/, '')
    .replace(/^fips-/, '')
    .replace(/^s3express-fips-/, 's3express-');
}

/** S3's endpoints in a VPC say before their id what they serve: `NAME.bucket.vpce-…`, `NAME.accesspoint.vpce-…`, `control.vpce-…`. */
function withoutVpce(labels: readonly string[]): readonly string[] {
  const at = labels.findIndex((label) => /^vpce-[0-9a-z-]+$/.test(label));
  if (at < 0) return labels;
  const [before, after] = [labels.slice(0, at), labels.slice(at + 1)];
  const kind = after[0] === 's3' ? before.at(-1) : undefined;
  if (kind === 'bucket') return [...before.slice(0, -1), ...after];
  if (kind === 'accesspoint' || kind === 'control') return [...before.slice(0, -1), `s3-${kind}`, ...after.slice(1)];
  return [...before, ...after];
}
