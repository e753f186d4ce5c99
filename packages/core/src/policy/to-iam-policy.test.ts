import { expect, test } from 'vitest';
import { toIamPolicies } from './to-iam-policy.ts';

test('merges resources with the same actions, sorted, and leaves out what * covers', () => {
  expect(
    toIamPolicies([
      { resource: 'arn:aws:s3:::b/2', actions: ['s3:PutObject', 's3:GetObject'] },
      { resource: 'arn:aws:s3:::b/1', actions: ['s3:GetObject'] },
      { resource: 'arn:aws:s3:::b/1', actions: ['s3:PutObject'] },
      { resource: '*', actions: ['sqs:ListQueues', 'sts:GetCallerIdentity'] },
      { resource: 'arn:aws:sqs:us-east-1:1:q', actions: ['sqs:ListQueues'] },
    ]),
  ).toEqual([
    {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: ['arn:aws:s3:::b/1', 'arn:aws:s3:::b/2'] },
        { Effect: 'Allow', Action: ['sqs:ListQueues', 'sts:GetCallerIdentity'], Resource: ['*'] },
      ],
    },
  ]);
});

test('splits what is over the quota and loses nothing', () => {
  const accesses = Array.from({ length: 500 }, (_, index) => ({ resource: `arn:aws:s3:::bucket/${index}`, actions: ['s3:GetObject'] }));
  const policies = toIamPolicies(accesses);
  expect(policies.length).toBeGreaterThan(1);
  for (const policy of policies) expect(JSON.stringify(policy).length).toBeLessThanOrEqual(6_144);
  expect(policies.flatMap(({ Statement }) => Statement.flatMap(({ Resource }) => Resource))).toHaveLength(500);
});
