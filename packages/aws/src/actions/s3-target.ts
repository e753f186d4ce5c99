import type { ArnContext, AwsHttpRequest } from './aws-request.ts';
import { decodePart } from './find-operation.ts';
import type { AwsHost } from './parse-host.ts';

/** What an S3 request is about: an address form resolved to ARNs. */
export interface S3Target {
  /** Prefix of the actions: `s3`, `s3express`, `s3-object-lambda`, `s3-outposts`. */
  readonly service: string;
  /** ARN of the bucket or access point; absent for requests to the whole service. */
  readonly bucketArn?: string;
  /** ARN of the object; absent for requests to the bucket. */
  readonly objectArn?: string;
  /** ARN of any object there, by key. */
  objectArnOf(key: string): string;
}

const CONTROL = /^s3-control$|^s3-outposts$/;

/** True for requests to S3's data plane, in any form of its hosts. */
export function isS3Host({ labels }: AwsHost, path: string): boolean {
  const service = labels.at(-1) ?? '';
  // S3 Control shares the control endpoint of directory buckets; its paths begin with its version.
  if (service.startsWith('s3express-control') && path.startsWith('/v20180820/')) return false;
  if (service === 's3-outposts') return labels.length > 1;
  return (
    !CONTROL.test(service) && (/^s3(-accelerate|-accesspoint|-object-lambda|-global)?$/.test(service) || service.startsWith('s3express-'))
  );
}

/** Resolves virtual-hosted and path style, accelerated and dual-stack names, access points, directory buckets and Outposts. */
export function toS3Target(host: AwsHost, request: AwsHttpRequest, context: ArnContext): S3Target {
  const { labels } = host;
  const service = labels.at(-1) ?? '';
  const { partition, region, account } = context;
  const names = labels.slice(0, -1);
  const path = request.path.replace(/^\//, '');
  const arn = (kind: string, place: string, resource: string): string => `arn:${partition}:${kind}:${place}:${resource}`;
  if (service === 's3-accesspoint' || service === 's3-object-lambda' || service === 's3-outposts') {
    const [point = '', outpost] = names;
    const [, name = point, owner = account] = /^(.+)-(\d{12})$/.exec(point) ?? [];
    const kind = service === 's3-accesspoint' ? 's3' : service;
    const resource = outpost === undefined ? `accesspoint/${name}` : `outpost/${outpost}/accesspoint/${name}`;
    return target(kind, arn(kind, `${region}:${owner}`, resource), path, (base, key) =>
      kind === 's3-object-lambda' ? base : `${base}/object/${key}`,
    );
  }
  if (service === 's3-global' && names.at(-1) === 'accesspoint') {
    return target(
      's3',
      arn('s3', `:${account}`, `accesspoint/${names.slice(0, -1).join('.')}`),
      path,
      (base, key) => `${base}/object/${key}`,
    );
  }
  const isExpress = service.startsWith('s3express-');
  const kind = isExpress ? 's3express' : 's3';
  const [first = '', ...rest] = path.split('/');
  const bucket = names.length > 0 ? names.join('.') : decodePart(first);
  const key = names.length > 0 ? path : rest.join('/');
  if (bucket === '') return { service: kind, objectArnOf: () => '*' };
  const base = isExpress ? arn('s3express', `${region}:${account}`, `bucket/${bucket}`) : bucketArn(bucket, context);
  return target(kind, base, key, (own, object) => (isExpress ? own : `${own}/${object}`));
}

/** A bucket, or in the place of its name an access point's ARN (path style with `arn%3A…`). */
function bucketArn(bucket: string, { partition }: ArnContext): string {
  return bucket.startsWith('arn:') ? bucket : `arn:${partition}:s3:::${bucket}`;
}

function target(service: string, base: string, path: string, join: (base: string, key: string) => string): S3Target {
  return {
    service,
    bucketArn: base,
    ...(path === '' ? {} : { objectArn: join(base, decodePart(path)) }),
    objectArnOf: (key) => join(base, key),
  };
}
