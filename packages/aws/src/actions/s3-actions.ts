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
  tagging: { GET: 'GetObjectVTagging', PUT: 'PutObjectVTagging', DELETE: 'DeleteObjectVTagging' },
  torrent: { GET: 'GetObjectVTorrent' },
  'legal-hold': { GET: 'GetObjectLegalHold', PUT: 'PutObjectLegalHold' },
  retention: { GET: 'GetObjectRetention', PUT: 'PutObjectRetention' },
  encryption: { PUT: 'UpdateObjectEncryption' },
  uploadId: { GET: 'ListMultipartUploadParts', PUT: 'PutObject', DELETE: 'AbortMultipartUpload' },
};
