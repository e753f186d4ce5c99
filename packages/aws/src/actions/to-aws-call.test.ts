import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AwsHttpRequest } from './aws-request.ts';
import { toAwsCall } from './to-aws-call.ts';

interface Recorded extends Omit<AwsHttpRequest, 'body'> {
  readonly id: string;
  readonly body?: string;
  readonly bodyEncoding: 'utf8' | 'base64';
  readonly expected: { readonly pairs: readonly { action: string; resource: string; accept?: readonly string[] }[] };
}

const AUTH = 'AWS4-HMAC-SHA256 Credential=AKIABZPUZDIKKU5JCF2E/20261121/us-east-1/SERVICE/aws4_request, SignedHeaders=host, Signature=0';

/** `METHOD host/path?query`, with an optional body and headers. */
function request(line: string, body = '', headers: Record<string, string> = {}, service = 's3'): AwsHttpRequest {
  const [method = '', url = ''] = line.split(' ');
  const slash = url.indexOf('/');
  const [path = '', query = ''] = url.slice(slash).split('?', 2);
  return {
    method,
    host: url.slice(0, slash),
    path,
    query,
    headers: { authorization: AUTH.replace('SERVICE', service), ...headers },
    body: Buffer.from(body),
  };
}

function pairsOf(input: AwsHttpRequest): string[] {
  return (toAwsCall(input)?.pairs ?? []).map(({ action, resource }) => `${action} ${resource}`).toSorted();
}

describe('recorded requests of real SDKs', () => {
  // The second file: botocore's own requests for other services, what they need written by hand from AWS's documentation.
  const recorded = ['requests.jsonl', 'documented-requests.jsonl'].flatMap((file) =>
    readFileSync(new URL(`fixtures/${file}`, import.meta.url), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Recorded),
  );
  test.for(recorded)('$id $method $host$path', (item) => {
    const pairs = toAwsCall({ ...item, body: Buffer.from(item.body ?? '', item.bodyEncoding) })?.pairs ?? [];
    const { pairs: expected } = item.expected;
    expect(pairs).toHaveLength(expected.length);
    for (const { action, resource, accept = [] } of expected) {
      expect(pairs.filter((pair) => pair.action === action && [resource, ...accept].includes(pair.resource))).toHaveLength(1);
    }
  });
});

const JSON11 = { 'content-type': 'application/x-amz-json-1.1' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const A = '123456789012';

test.for<[string, AwsHttpRequest, string[]]>([
  [
    'an endpoint that a service discovered',
    request(
      'POST query-cell1.timestream.us-east-1.amazonaws.com/',
      '{"QueryString":"x"}',
      { 'x-amz-target': 'Timestream_20181101.Query' },
      'timestream',
    ),
    ['timestream:Select *'],
  ],
  [
    'S3 Control on the endpoint of directory buckets',
    request('GET s3express-control.us-east-1.amazonaws.com/v20180820/accesspoint/p/scope', '', { 'x-amz-account-id': A }, 's3express'),
    [`s3express:GetAccessPointScope arn:aws:s3express:us-east-1:${A}:accesspoint/p`],
  ],
  [
    'account in the host',
    request(`POST ${A}.ddb.eu-west-1.amazonaws.com/`, '{"TableName":"T"}', { 'x-amz-target': 'DynamoDB_20120810.GetItem' }, 'dynamodb'),
    [`dynamodb:GetItem arn:aws:dynamodb:eu-west-1:${A}:table/T`],
  ],
  [
    'dual stack',
    request(
      'POST sqs.us-east-1.api.aws/',
      `{"QueueUrl":"https://sqs.us-east-1.amazonaws.com/${A}/q"}`,
      { 'x-amz-target': 'AmazonSQS.SendMessage' },
      'sqs',
    ),
    [`sqs:SendMessage arn:aws:sqs:us-east-1:${A}:q`],
  ],
  [
    'query protocol of SQS',
    request(
      `POST sqs.us-east-1.amazonaws.com/${A}/q`,
      `Action=DeleteMessageBatch&QueueUrl=https%3A%2F%2Fsqs.us-east-1.amazonaws.com%2F${A}%2Fq`,
      FORM,
      'sqs',
    ),
    [`sqs:DeleteMessage arn:aws:sqs:us-east-1:${A}:q`],
  ],
  [
    'kinesis data host',
    request(
      `POST ${A}.data-kinesis.us-east-1.amazonaws.com/`,
      '{"StreamName":"s","Records":[]}',
      { ...JSON11, 'x-amz-target': 'Kinesis_20131202.PutRecords' },
      'kinesis',
    ),
    [`kinesis:PutRecords arn:aws:kinesis:us-east-1:${A}:stream/s`],
  ],
  [
    'step functions express host',
    request(
      'POST sync-states.us-east-1.amazonaws.com/',
      `{"stateMachineArn":"arn:aws:states:us-east-1:${A}:stateMachine:m"}`,
      { 'x-amz-target': 'AWSStepFunctions.StartSyncExecution' },
      'states',
    ),
    [`states:StartSyncExecution arn:aws:states:us-east-1:${A}:stateMachine:m`],
  ],
  [
    'cloudwatch as JSON',
    request(
      'POST monitoring.us-east-1.amazonaws.com/',
      '{"Namespace":"n"}',
      { 'x-amz-target': 'GraniteServiceVersion20100801.PutMetricData' },
      'monitoring',
    ),
    ['cloudwatch:PutMetricData *'],
  ],
  [
    'rpc-v2-cbor',
    request(
      'POST monitoring.us-east-1.amazonaws.com/service/GraniteServiceVersion20100801/operation/PutMetricAlarm',
      '\u{a1}',
      { 'smithy-protocol': 'rpc-v2-cbor', 'content-type': 'application/cbor' },
      'monitoring',
    ),
    [`cloudwatch:PutMetricAlarm arn:aws:cloudwatch:us-east-1:${A}:alarm:*`],
  ],
  ['china', request('GET s3.cn-north-1.amazonaws.com.cn/b/k'), ['s3:GetObject arn:aws-cn:s3:::b/k']],
  [
    'govcloud',
    request('POST sns.us-gov-west-1.amazonaws.com/', 'Action=Publish&TopicArn=arn%3Aaws-us-gov%3Asns%3Aus-gov-west-1%3A1%3At', FORM, 'sns'),
    ['sns:Publish arn:aws-us-gov:sns:us-gov-west-1:1:t'],
  ],
  [
    'access point',
    request(`GET ap-${A}.s3-accesspoint.us-east-1.amazonaws.com/a/b`),
    [`s3:GetObject arn:aws:s3:us-east-1:${A}:accesspoint/ap/object/a/b`],
  ],
  ['S3 FIPS and dual stack', request('PUT b.s3-fips.dualstack.us-east-2.amazonaws.com/k'), ['s3:PutObject arn:aws:s3:::b/k']],
  ['S3 legacy region', request('GET s3-eu-west-1.amazonaws.com/b?acl'), ['s3:GetBucketAcl arn:aws:s3:::b']],
  ['bucket with dots', request('GET www.example.com.s3.eu-west-1.amazonaws.com/k'), ['s3:GetObject arn:aws:s3:::www.example.com/k']],
  [
    'directory bucket',
    request('GET d--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com/?session', '', {}, 's3express'),
    [`s3express:CreateSession arn:aws:s3express:us-east-1:${A}:bucket/d--use1-az4--x-s3`],
  ],
  ['VPC endpoint', request('GET b.bucket.vpce-1a2b-3c.s3.us-east-1.vpce.amazonaws.com/k'), ['s3:GetObject arn:aws:s3:::b/k']],
  [
    'copy with a version',
    request('PUT b.s3.us-east-1.amazonaws.com/k', '', { 'x-amz-copy-source': '/src/a%20b?versionId=1' }),
    ['s3:GetObjectVersion arn:aws:s3:::src/a b', 's3:PutObject arn:aws:s3:::b/k'],
  ],
  [
    'presigned',
    {
      ...request(
        `GET b.s3.eu-central-1.amazonaws.com/k?X-Amz-Credential=AKIABZPUZDIKKU5JCF2E%2F20261121%2Feu-central-1%2Fs3%2Faws4_request`,
      ),
      headers: {},
    },
    ['s3:GetObject arn:aws:s3:::b/k'],
  ],
  [
    'transaction',
    request(
      'POST dynamodb.us-east-1.amazonaws.com/',
      '{"TransactItems":[{"Put":{"TableName":"A"}},{"ConditionCheck":{"TableName":"B"}}]}',
      { 'x-amz-target': 'DynamoDB_20120810.TransactWriteItems' },
      'dynamodb',
    ),
    [`dynamodb:ConditionCheckItem arn:aws:dynamodb:us-east-1:${A}:table/B`, `dynamodb:PutItem arn:aws:dynamodb:us-east-1:${A}:table/A`],
  ],
  [
    'PartiQL',
    request(
      'POST dynamodb.us-east-1.amazonaws.com/',
      '{"Statement":"SELECT * FROM \\"T\\".\\"i\\" WHERE a=1"}',
      { 'x-amz-target': 'DynamoDB_20120810.ExecuteStatement' },
      'dynamodb',
    ),
    [`dynamodb:PartiQLSelect arn:aws:dynamodb:us-east-1:${A}:table/T/index/i`],
  ],
  [
    're-encryption by alias',
    request(
      'POST kms.us-east-1.amazonaws.com/',
      '{"SourceKeyId":"k1","DestinationKeyId":"alias/a"}',
      { 'x-amz-target': 'TrentService.ReEncrypt' },
      'kms',
    ),
    [`kms:ReEncryptFrom arn:aws:kms:us-east-1:${A}:key/k1`, `kms:ReEncryptTo arn:aws:kms:us-east-1:${A}:key/*`],
  ],
  [
    'parameter by path',
    request('POST ssm.us-east-1.amazonaws.com/', '{"Name":"/a/b:3"}', { 'x-amz-target': 'AmazonSSM.GetParameter' }, 'ssm'),
    [`ssm:GetParameter arn:aws:ssm:us-east-1:${A}:parameter/a/b`],
  ],
  [
    'lists of the query protocol',
    request('POST ec2.us-east-1.amazonaws.com/', 'Action=StopInstances&Version=2016-11-15&InstanceId.1=i-1&InstanceId.2=i-2', FORM, 'ec2'),
    [`ec2:StopInstances arn:aws:ec2:us-east-1:${A}:instance/i-1`, `ec2:StopInstances arn:aws:ec2:us-east-1:${A}:instance/i-2`],
  ],
  [
    'older of two services on a host',
    request(
      'POST elasticloadbalancing.us-east-1.amazonaws.com/',
      'Action=DeleteLoadBalancer&Version=2012-06-01&LoadBalancerName=lb',
      FORM,
      'elasticloadbalancing',
    ),
    [`elasticloadbalancing:DeleteLoadBalancer arn:aws:elasticloadbalancing:us-east-1:${A}:loadbalancer/lb`],
  ],
  [
    'one of several types by its ARN',
    request(
      'POST elasticloadbalancing.us-east-1.amazonaws.com/',
      `Action=DeleteListener&Version=2015-12-01&ListenerArn=arn:aws:elasticloadbalancing:us-east-1:${A}:listener/net/l/1/2`,
      FORM,
      'elasticloadbalancing',
    ),
    [`elasticloadbalancing:DeleteListener arn:aws:elasticloadbalancing:us-east-1:${A}:listener/net/l/1/2`],
  ],
  [
    'role that is passed',
    request(
      'POST states.us-east-1.amazonaws.com/',
      `{"name":"m","roleArn":"arn:aws:iam::${A}:role/r"}`,
      { 'x-amz-target': 'AWSStepFunctions.CreateStateMachine' },
      'states',
    ),
    [`iam:PassRole arn:aws:iam::${A}:role/r`, `states:CreateStateMachine arn:aws:states:us-east-1:${A}:stateMachine:m`],
  ],
  [
    'paths of API Gateway',
    request('GET apigateway.us-east-1.amazonaws.com/restapis/abc/stages', '', {}, 'apigateway'),
    ['apigateway:GET arn:aws:apigateway:us-east-1::/restapis/abc/stages'],
  ],
  [
    'a customer’s API, signed',
    request('POST abc.execute-api.us-east-1.amazonaws.com/prod/orders/1', '', {}, 'execute-api'),
    [`execute-api:Invoke arn:aws:execute-api:us-east-1:${A}:abc/prod/POST/orders/1`],
  ],
  ['a customer’s API, not signed', { ...request('POST abc.execute-api.us-east-1.amazonaws.com/prod/x'), headers: {} }, []],
  [
    'an API with the name of what customers run',
    request(
      'POST ec2-instance-connect.us-east-1.amazonaws.com/',
      '{"InstanceId":"i-1"}',
      { 'x-amz-target': 'AWSEC2InstanceConnectService.SendSSHPublicKey' },
      'ec2-instance-connect',
    ),
    [`ec2-instance-connect:SendSSHPublicKey arn:aws:ec2:us-east-1:${A}:instance/i-1`],
  ],
  [
    'queue of another account',
    request(
      'POST sqs.us-east-1.amazonaws.com/',
      '{"QueueName":"q","QueueOwnerAWSAccountId":"210987654321"}',
      { 'x-amz-target': 'AmazonSQS.GetQueueUrl' },
      'sqs',
    ),
    ['sqs:GetQueueUrl arn:aws:sqs:us-east-1:210987654321:q'],
  ],
  [
    'a name where the ARN has an id that only the service knows',
    request(
      'POST lightsail.us-east-1.amazonaws.com/',
      '{"instanceName":"web"}',
      { 'x-amz-target': 'Lightsail_20161128.RebootInstance' },
      'lightsail',
    ),
    [`lightsail:RebootInstance arn:aws:lightsail:us-east-1:${A}:Instance/*`],
  ],
  [
    'an id that begins with what its ARN writes before it',
    request(
      'POST organizations.us-east-1.amazonaws.com/',
      '{"PolicyId":"p-examplepolicyid111"}',
      { 'x-amz-target': 'AWSOrganizationsV20161128.DescribePolicy' },
      'organizations',
    ),
    [`organizations:DescribePolicy arn:aws:organizations::${A}:policy/o-*/*/p-examplepolicyid111`],
  ],
  [
    'a place of an ARN told by the path before it',
    request('POST pinpoint.us-east-1.amazonaws.com/v1/apps/a1/messages', '{}', {}, 'mobiletargeting'),
    [`mobiletargeting:SendMessages arn:aws:mobiletargeting:us-east-1:${A}:apps/a1/messages`],
  ],
  ['S3 annotation', request('GET b.s3.us-east-1.amazonaws.com/k?annotation&annotationName=n'), ['s3:GetObjectAnnotation arn:aws:s3:::b/k']],
  ['S3 sub-resource that nobody knows, of a bucket', request('GET b.s3.us-east-1.amazonaws.com/?somethingNew'), []],
  ['S3 sub-resource that nobody knows, of an object', request('PUT b.s3.us-east-1.amazonaws.com/k?renameObject='), []],
  ['S3 list with empty parameters', request('GET b.s3.us-east-1.amazonaws.com/?delimiter=&prefix='), ['s3:ListBucket arn:aws:s3:::b']],
  ['look-alike: other domain', request('GET s3.amazonaws.com.example.org/b/k'), []],
  ['look-alike: ends alike', request('GET s3.notamazonaws.com/b/k'), []],
  ['static site', request('GET b.s3-website-us-east-1.amazonaws.com/k'), []],
  ['static site, newer form', request('GET b.s3-website.eu-central-1.amazonaws.com/k'), []],
  ['load balancer', { ...request('GET my-lb-1.us-east-1.elb.amazonaws.com/'), headers: {} }, []],
  ['instance', { ...request('GET ec2-1-2-3-4.compute-1.amazonaws.com/'), headers: {} }, []],
  ['database', { ...request('GET db.abc.us-east-1.rds.amazonaws.com/'), headers: {} }, []],
  [
    'no operation',
    request('POST dynamodb.us-east-1.amazonaws.com/', '{}', { 'x-amz-target': 'DynamoDB_20120810.Nonsense' }, 'dynamodb'),
    [],
  ],
])('%s', ([, input, expected]) => {
  expect(pairsOf(input)).toEqual(expected.toSorted());
});

test('never throws', () => {
  fc.assert(
    fc.property(
      fc.record({
        method: fc.string(),
        host: fc.constantFrom(
          's3.amazonaws.com',
          'lambda.us-east-1.amazonaws.com',
          'sns.eu-west-1.amazonaws.com',
          '.amazonaws.com',
          'x.s3.amazonaws.com',
        ),
        path: fc.string(),
        query: fc.string(),
        headers: fc.record({
          'x-amz-target': fc.option(fc.string(), { nil: undefined }),
          'content-type': fc.option(fc.constantFrom('application/cbor', 'application/x-www-form-urlencoded'), { nil: undefined }),
          authorization: fc.string(),
        }),
        body: fc.uint8Array({ maxLength: 200 }),
      }),
      (input) => {
        expect(() => toAwsCall(input)).not.toThrow();
      },
    ),
    { numRuns: 500 },
  );
});

test.each([
  ['lists of a form', 'sns.us-east-1.amazonaws.com', `Action=Publish&TopicArn.${'item.'.repeat(50_000)}x=1`, FORM, ['sns:Publish *']],
  [
    'lists of JSON',
    'dynamodb.us-east-1.amazonaws.com',
    `{"TableName":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    { 'x-amz-target': 'DynamoDB_20120810.GetItem' },
    ['dynamodb:GetItem arn:aws:dynamodb:us-east-1:*:table/*'],
  ],
])('%s that are nested without end name nothing', (_name, host, body, headers, expected) => {
  const call = toAwsCall({ method: 'POST', host, path: '/', query: '', headers, body: Buffer.from(body) });
  expect(call?.pairs.map(({ action, resource }) => `${action} ${resource}`)).toEqual(expected);
});
