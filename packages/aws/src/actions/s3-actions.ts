/** Actions of S3's sub-resources by method; `V` stands for the form with a version (Service Authorization Reference, S3). */
type Table = Readonly<Record<string, Readonly<Partial<Record<'GET' | 'PUT' | 'DELETE', string>>>>>;

export const BUCKET_SUBRESOURCES: Table = {
  accelerate: { GET: 'GetAccelerateConfiguration', PUT: 'PutAccelerateConfiguration' },
  abac: { GET: 'GetBucketAbac', PUT: 'PutBucketAbac' },
  acl: { GET: 'GetBucketAcl', PUT: 'PutBucketAcl' },
  analytics: { GET: 'GetAnalyticsConfiguration', PUT: 'PutAnalyticsConfiguration', DELETE: 'PutAnalyticsConfiguration' },
  cors: { GET: 'GetBucketCORS', PUT: 'PutBucketCORS', DELETE: 'PutBucketCORS' },
  encryption: { GET: 'GetEncryptionConfiguration', PUT: 'PutEncryptionConfiguration', DELETE: 'PutEncryptionConfiguration' },
  'intelligent-tiering': {
    GET: 'GetIntelligentTieringConfiguration',
    PUT: 'PutIntelligentTieringConfiguration',
    DELETE: 'PutIntelligentTieringConfiguration',
  },
  inventory: { GET: 'GetInventoryConfiguration', PUT: 'PutInventoryConfiguration', DELETE: 'PutInventoryConfiguration' },
  lifecycle: { GET: 'GetLifecycleConfiguration', PUT: 'PutLifecycleConfiguration', DELETE: 'PutLifecycleConfiguration' },
  location: { GET: 'GetBucketLocation' },
  logging: { GET: 'GetBucketLogging', PUT: 'PutBucketLogging' },
  metadataConfiguration: { GET: 'GetBucketMetadataTableConfiguration', DELETE: 'DeleteBucketMetadataTableConfiguration' },
  metadataAnnotationTable: { PUT: 'UpdateBucketMetadataAnnotationTableConfiguration' },
  metadataInventoryTable: { PUT: 'UpdateBucketMetadataInventoryTableConfiguration' },
  metadataJournalTable: { PUT: 'UpdateBucketMetadataJournalTableConfiguration' },
  metadataTable: { GET: 'GetBucketMetadataTableConfiguration', DELETE: 'DeleteBucketMetadataTableConfiguration' },
  metrics: { GET: 'GetMetricsConfiguration', PUT: 'PutMetricsConfiguration', DELETE: 'PutMetricsConfiguration' },
  notification: { GET: 'GetBucketNotification', PUT: 'PutBucketNotification' },
  'object-lock': { GET: 'GetBucketObjectLockConfiguration', PUT: 'PutBucketObjectLockConfiguration' },
  ownershipControls: { GET: 'GetBucketOwnershipControls', PUT: 'PutBucketOwnershipControls', DELETE: 'PutBucketOwnershipControls' },
  policy: { GET: 'GetBucketPolicy', PUT: 'PutBucketPolicy', DELETE: 'DeleteBucketPolicy' },
  policyStatus: { GET: 'GetBucketPolicyStatus' },
  publicAccessBlock: { GET: 'GetBucketPublicAccessBlock', PUT: 'PutBucketPublicAccessBlock', DELETE: 'PutBucketPublicAccessBlock' },
  replication: { GET: 'GetReplicationConfiguration', PUT: 'PutReplicationConfiguration', DELETE: 'PutReplicationConfiguration' },
  requestPayment: { GET: 'GetBucketRequestPayment', PUT: 'PutBucketRequestPayment' },
  tagging: { GET: 'GetBucketTagging', PUT: 'PutBucketTagging', DELETE: 'PutBucketTagging' },
  uploads: { GET: 'ListBucketMultipartUploads' },
  versioning: { GET: 'GetBucketVersioning', PUT: 'PutBucketVersioning' },
  versions: { GET: 'ListBucketVersions' },
  website: { GET: 'GetBucketWebsite', PUT: 'PutBucketWebsite', DELETE: 'DeleteBucketWebsite' },
};

export const OBJECT_SUBRESOURCES: Table = {
  acl: { GET: 'GetObjectVAcl', PUT: 'PutObjectVAcl' },
  annotationName: { GET: 'GetObjectVAnnotation', PUT: 'PutObjectVAnnotation', DELETE: 'DeleteObjectVAnnotation' },
  annotation: { GET: 'ListObjectVAnnotations' },
  tagging: { GET: 'GetObjectVTagging', PUT: 'PutObjectVTagging', DELETE: 'DeleteObjectVTagging' },
  torrent: { GET: 'GetObjectVTorrent' },
  'legal-hold': { GET: 'GetObjectLegalHold', PUT: 'PutObjectLegalHold' },
  retention: { GET: 'GetObjectRetention', PUT: 'PutObjectRetention' },
  encryption: { PUT: 'UpdateObjectEncryption' },
  uploadId: { GET: 'ListMultipartUploadParts', PUT: 'PutObject', DELETE: 'AbortMultipartUpload' },
};

/** Keys of S3's queries that ask for nothing else, also without a value (S3 API Reference). */
const PLAIN: ReadonlySet<string> = new Set(
  (
    'attributes bucket-region continuation-token delete delimiter encoding-type fetch-owner key-marker list-type marker max-buckets ' +
    'max-directory-buckets max-keys max-uploads partNumber prefix restore select select-type session start-after upload-id-marker ' +
    'uploads version-id-marker versionId x-id'
  ).split(' '),
);

/** A sub-resource is a key without a value: one that we do not know makes the request something that we do not know. */
export function hasUnknownSubresource(query: URLSearchParams): boolean {
  for (const [key, value] of query)
    if (value === '' && !PLAIN.has(key) && !key.startsWith('response-') && !/^x-amz-/i.test(key) && !isKnown(key)) return true;
  return false;
}

function isKnown(key: string): boolean {
  return Object.hasOwn(BUCKET_SUBRESOURCES, key) || Object.hasOwn(OBJECT_SUBRESOURCES, key);
}
