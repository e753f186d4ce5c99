const ACCOUNT = '123456789012';

/** An access key of that account (its id holds the number), and where every SDK looks for it. */
export const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'AKIABZPUZDIKKU5JCF2E', AWS_SECRET_ACCESS_KEY: 'secret' } as const;

/** Names of what stands for AWS, for its certificate. */
export const MOCK_NAMES = ['*.us-east-1.amazonaws.com', '*.s3.us-east-1.amazonaws.com', '*.s3.amazonaws.com', '*.amazonaws.com'];

/** `action resource` of all that a program's calls need, sorted; the prefix of its names is its language. */
export function expectedCalls(language: 'py' | 'js'): string[] {
  const bucket = `arn:aws:s3:::${language}-media`;
  const queue = `arn:aws:sqs:us-east-1:${ACCOUNT}:${language}-orders`;
  const table = `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/${language}-carts`;
  const onlyPython = [
    `s3:PutObject ${bucket}/c.txt`,
    `secretsmanager:CreateSecret arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:py-token-??????`,
  ];
  return [
    `s3:CreateBucket ${bucket}`,
    `s3:PutObject ${bucket}/a/b.txt`,
    `s3:GetObject ${bucket}/a/b.txt`,
    `sqs:CreateQueue ${queue}`,
    `sqs:SendMessage ${queue}`,
    ...['CreateTable', 'PutItem', 'GetItem'].map((action) => `dynamodb:${action} ${table}`),
    ...(language === 'py' ? onlyPython : []),
  ].toSorted();
}

/** What the SDKs run against the mock, as programs of their own: the same calls in each language. Each prints `done`. */
export const BOTO3 = `
import boto3, json
s3 = boto3.client('s3', region_name='us-east-1')
s3.create_bucket(Bucket='py-media')
s3.put_object(Bucket='py-media', Key='a/b.txt', Body=b'x' * 300000)
assert len(s3.get_object(Bucket='py-media', Key='a/b.txt')['Body'].read()) == 300000
s3.copy_object(Bucket='py-media', Key='c.txt', CopySource={'Bucket': 'py-media', 'Key': 'a/b.txt'})
sqs = boto3.client('sqs', region_name='us-east-1')
url = sqs.create_queue(QueueName='py-orders')['QueueUrl']
sqs.send_message(QueueUrl='https://sqs.us-east-1.amazonaws.com/123456789012/py-orders', MessageBody='hi')
db = boto3.client('dynamodb', region_name='us-east-1')
db.create_table(TableName='py-carts', KeySchema=[{'AttributeName': 'pk', 'KeyType': 'HASH'}],
    AttributeDefinitions=[{'AttributeName': 'pk', 'AttributeType': 'S'}], BillingMode='PAY_PER_REQUEST')
db.put_item(TableName='py-carts', Item={'pk': {'S': '1'}})
assert db.get_item(TableName='py-carts', Key={'pk': {'S': '1'}})['Item']['pk']['S'] == '1'
boto3.client('secretsmanager', region_name='us-east-1').create_secret(Name='py-token', SecretString='s')
print('done')
`;

export const JAVASCRIPT = `
import { S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand } from '@aws-sdk/client-s3';
import { SQSClient, CreateQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { DynamoDBClient, CreateTableCommand, PutItemCommand, GetItemCommand } from '@aws-sdk/client-dynamodb';
const region = 'us-east-1';
const s3 = new S3Client({ region });
await s3.send(new CreateBucketCommand({ Bucket: 'js-media' }));
await s3.send(new PutObjectCommand({ Bucket: 'js-media', Key: 'a/b.txt', Body: 'x'.repeat(300000) }));
const got = await s3.send(new GetObjectCommand({ Bucket: 'js-media', Key: 'a/b.txt' }));
if ((await got.Body.transformToString()).length !== 300000) throw new Error('cut off');
const sqs = new SQSClient({ region });
await sqs.send(new CreateQueueCommand({ QueueName: 'js-orders' }));
await sqs.send(new SendMessageCommand({ QueueUrl: 'https://sqs.us-east-1.amazonaws.com/123456789012/js-orders', MessageBody: 'hi' }));
const db = new DynamoDBClient({ region });
await db.send(new CreateTableCommand({ TableName: 'js-carts', KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }], BillingMode: 'PAY_PER_REQUEST' }));
await db.send(new PutItemCommand({ TableName: 'js-carts', Item: { pk: { S: '1' } } }));
await db.send(new GetItemCommand({ TableName: 'js-carts', Key: { pk: { S: '1' } } }));
console.log('done');
`;

/** Puts an object every 100 ms and prints the time of each success, until it is killed. */
export const BOTO3_FOREVER = `
import boto3, time
from botocore.config import Config
config = Config(connect_timeout=2, read_timeout=2, retries={'max_attempts': 1})
s3 = boto3.client('s3', region_name='us-east-1', config=config)
s3.create_bucket(Bucket='py-loop')
while True:
    try:
        s3.put_object(Bucket='py-loop', Key='k', Body=b'x')
        print(time.time(), flush=True)
    except Exception as error:
        print('failed', type(error).__name__, flush=True)
    time.sleep(0.1)
`;

export const JAVA = `
import java.net.URI;
import java.net.http.*;
public class Ask {
  public static void main(String[] args) throws Exception {
    var request = HttpRequest.newBuilder(URI.create("https://sts.us-east-1.amazonaws.com/"))
      .header("Content-Type", "application/x-www-form-urlencoded")
      .POST(HttpRequest.BodyPublishers.ofString("Action=GetCallerIdentity&Version=2011-06-15")).build();
    System.out.println(HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).statusCode() < 500 ? "done" : "failed");
  }
}
`;
