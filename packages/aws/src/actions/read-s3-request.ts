import type { ActionPair, ArnContext, AwsHttpRequest } from './aws-request.ts';
import { decodeBody } from './decode-body.ts';
import { decodePart } from './find-operation.ts';
import { findParameter } from './find-parameter.ts';
import type { AwsHost } from './parse-host.ts';
import type { Value } from './partial-json.ts';
import { BUCKET_SUBRESOURCES, hasUnknownSubresource, OBJECT_SUBRESOURCES } from './s3-actions.ts';
import { toS3Target } from './s3-target.ts';
import type { S3Target } from './s3-target.ts';

type Headers = AwsHttpRequest['headers'];

/** Actions of a request to S3's data plane: told by method, sub-resource, headers and, for DeleteObjects, the body. */
export function readS3Request(host: AwsHost, request: AwsHttpRequest, query: URLSearchParams, context: ArnContext): ActionPair[] {
  const target = toS3Target(host, request, context);
  if (target.service === 's3-object-lambda' && request.path === '/WriteGetObjectResponse') {
    return [{ action: 's3-object-lambda:WriteGetObjectResponse', resource: '*' }];
  }
  const pairs = readPairs(target, request, query, context);
  return pairs.map(({ action, resource }) => ({ action: `${target.service}:${action}`, resource }));
}

function readPairs(target: S3Target, request: AwsHttpRequest, query: URLSearchParams, context: ArnContext): ActionPair[] {
  const { bucketArn, objectArn } = target;
  const { method, headers } = request;
  if (target.service === 's3express' && bucketArn !== undefined && !isExpressControl(request, query, objectArn)) {
    return [{ action: 'CreateSession', resource: bucketArn }];
  }
  if (hasUnknownSubresource(query)) return [];
  if (bucketArn === undefined && target.service === 's3express')
    return method === 'GET' ? [{ action: 'ListAllMyDirectoryBuckets', resource: '*' }] : [];
  if (bucketArn === undefined) return method === 'GET' || method === 'HEAD' ? [{ action: 'ListAllMyBuckets', resource: '*' }] : [];
  if (objectArn === undefined) return readBucketRequest(target, bucketArn, request, query);
  const version = query.has('versionId') ? 'Version' : '';
  const one = (action: string): ActionPair[] => [{ action: action.replace('V', version), resource: objectArn }];
  const own = subresource(OBJECT_SUBRESOURCES, method, query);
  switch (method) {
    case 'HEAD':
      return one('GetObjectV');
    case 'GET':
      if (query.has('attributes')) return [...one('GetObjectV'), ...one('GetObjectVAttributes')];
      return own === undefined ? one('GetObjectV') : one(own);
    case 'PUT':
      if (headers['x-amz-copy-source'] !== undefined)
        return [...readCopySource(headers['x-amz-copy-source'], context), ...readWrite(objectArn, headers)];
      if (own !== undefined && !query.has('uploadId')) return [...one(own), ...readBypass(objectArn, headers)];
      return query.has('uploadId') ? one('PutObject') : readWrite(objectArn, headers);
    case 'POST':
      if (query.has('restore')) return one('RestoreObject');
      if (query.has('select')) return one('GetObject');
      return query.has('uploads') ? readWrite(objectArn, headers) : query.has('uploadId') ? one('PutObject') : [];
    case 'DELETE':
      return [...one(own ?? 'DeleteObjectV'), ...readBypass(objectArn, headers)];
    default:
      return [];
  }
}

function isExpressControl(request: AwsHttpRequest, query: URLSearchParams, objectArn: string | undefined): boolean {
  return (
    objectArn === undefined &&
    !query.has('session') &&
    subresource(BUCKET_SUBRESOURCES, request.method, query) !== undefined &&
    !query.has('uploads')
  );
}

function readBucketRequest(target: S3Target, bucketArn: string, request: AwsHttpRequest, query: URLSearchParams): ActionPair[] {
  const { method, headers } = request;
  const one = (action: string): ActionPair[] => [{ action, resource: bucketArn }];
  const own = subresource(BUCKET_SUBRESOURCES, method, query);
  switch (method) {
    case 'HEAD':
      return one('ListBucket');
    case 'GET':
      if (query.has('session')) return [{ action: 'CreateSession', resource: bucketArn }];
      return one(own ?? 'ListBucket');
    case 'PUT':
      return own === undefined ? readCreate(bucketArn, headers) : one(own);
    case 'DELETE':
      return one(own ?? 'DeleteBucket');
    case 'POST': {
      if (query.has('delete')) return readDeletes(target, request);
      if (query.has('metadataTable') || query.has('metadataConfiguration')) return one('CreateBucketMetadataTableConfiguration');
      return (headers['content-type'] ?? '').startsWith('multipart/form-data') ? readForm(target, request) : [];
    }
    default:
      return [];
  }
}

function subresource(table: typeof BUCKET_SUBRESOURCES, method: string, query: URLSearchParams): string | undefined {
  if (method !== 'GET' && method !== 'PUT' && method !== 'DELETE') return undefined;
  for (const key of Object.keys(table)) {
    if (!query.has(key)) continue;
    const action = table[key]?.[method];
    if (action !== undefined) return action;
  }
  return undefined;
}

function hasAcl(headers: Headers): boolean {
  return Object.entries(headers).some(([name, value]) => value !== undefined && (name === 'x-amz-acl' || name.startsWith('x-amz-grant-')));
}

/** Writing an object, and what its headers set with it. */
function readWrite(resource: string, headers: Headers): ActionPair[] {
  const actions = ['PutObject'];
  if (hasAcl(headers)) actions.push('PutObjectAcl');
  if ((headers['x-amz-tagging'] ?? '') !== '') actions.push('PutObjectTagging');
  if (headers['x-amz-object-lock-legal-hold'] !== undefined) actions.push('PutObjectLegalHold');
  if (headers['x-amz-object-lock-mode'] !== undefined) actions.push('PutObjectRetention');
  return actions.map((action) => ({ action, resource }));
}

function readCreate(resource: string, headers: Headers): ActionPair[] {
  const actions = ['CreateBucket'];
  if (hasAcl(headers)) actions.push('PutBucketAcl');
  if (headers['x-amz-bucket-object-lock-enabled']?.toLowerCase() === 'true')
    actions.push('PutBucketObjectLockConfiguration', 'PutBucketVersioning');
  if (headers['x-amz-object-ownership'] !== undefined) actions.push('PutBucketOwnershipControls');
  return actions.map((action) => ({ action, resource }));
}

function readBypass(resource: string, headers: Headers): ActionPair[] {
  return headers['x-amz-bypass-governance-retention']?.toLowerCase() === 'true' ? [{ action: 'BypassGovernanceRetention', resource }] : [];
}

/** `/bucket/key?versionId=…`, percent-encoded, or an access point's ARN with `/object/key`. */
function readCopySource(source: string, { partition }: ArnContext): ActionPair[] {
  const [path = '', query = ''] = source.split('?', 2);
  const name = decodePart(path).replace(/^\//, '');
  const resource = name.startsWith('arn:') ? name : `arn:${partition}:s3:::${name}`;
  return [{ action: new URLSearchParams(query).has('versionId') ? 'GetObjectVersion' : 'GetObject', resource }];
}

const MAX_DELETES = 1_000;

function readDeletes(target: S3Target, request: AwsHttpRequest): ActionPair[] {
  const body = decodeBody(request);
  const list = (body as Readonly<Record<string, Value>>)['Object'] ?? [];
  const objects = (Array.isArray(list) ? list : [list]).slice(0, MAX_DELETES) as readonly Value[];
  const pairs = objects.flatMap((object): ActionPair[] => {
    const parameters = { labels: new Map<string, string>(), query: new URLSearchParams(), body: object, headers: {} };
    const [key] = findParameter(parameters, 'Key');
    const isVersion = findParameter(parameters, 'VersionId').length > 0;
    return key === undefined ? [] : [{ action: isVersion ? 'DeleteObjectVersion' : 'DeleteObject', resource: target.objectArnOf(key) }];
  });
  const known = pairs.length > 0 ? pairs : [{ action: 'DeleteObject', resource: target.objectArnOf('*') }];
  return [...known, ...readBypass(target.objectArnOf('*'), request.headers)];
}

/** An upload by an HTML form: the key is a field of its own. */
function readForm(target: S3Target, request: AwsHttpRequest): ActionPair[] {
  const text = new TextDecoder().decode(request.body.subarray(0, 8_192));
  const key = /name="key"\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]*)/i.exec(text)?.[1]?.replace('${filename}', '*');
  return [{ action: 'PutObject', resource: target.objectArnOf(key ?? '*') }];
}
