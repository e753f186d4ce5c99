import { sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createReportWriter } from '@nm/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHART, helm, inNode, kubectl, portForward, tokenKeyFile } from './support/cluster.ts';

/** Who may do what, asked of a real API server: the installed mapper, reached from outside of its pod through a NodePort. */
const NAMESPACE = 'nm-identity';
const RELEASE = 'identity';
const READ = '{ edges { totalCount } }';
const RESET = 'mutation { resetCapture }';
const REPORT = 'mutation R($b: ReportBatch!) { report(batch: $b) { stored } }';

let port = 0;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  await remove();
  // Other ports than an installation that may run beside it, because sniffers are in the nodes' network.
  const values = [
    'image.tag=e2e',
    'mapper.service.type=NodePort',
    'sniffer.metrics.port=2113',
    'sniffer.health.port=57922',
    'mapper.store.persistence.enabled=false',
  ];
  await helm([
    'install',
    RELEASE,
    CHART,
    '-n',
    NAMESPACE,
    '--create-namespace',
    '--wait',
    '--timeout',
    '90s',
    ...values.flatMap((value) => ['--set', value]),
  ]);
  port = Number(await kubectl(['-n', NAMESPACE, 'get', 'service', 'otterize-network-mapper', '-o', 'jsonpath={.spec.ports[0].nodePort}']));
  await makeTokens();
}, 300_000);

afterAll(remove, 120_000);

async function remove(): Promise<void> {
  await helm(['uninstall', RELEASE, '-n', NAMESPACE, '--ignore-not-found', '--wait', '--timeout', '60s']);
  await kubectl(['delete', 'namespace', NAMESPACE, 'nm-other', '--ignore-not-found', '--timeout=60s']);
}

async function makeTokens(): Promise<void> {
  const create = async (account: string, more: readonly string[], namespace = NAMESPACE): Promise<string> =>
    (await kubectl(['-n', namespace, 'create', 'token', account, ...more])).trim();
  const ours = ['--audience', 'network-mapper'];
  tokens['a reader'] = await create('network-mapper-reader', ours);
  tokens['an admin'] = await create('network-mapper-admin', ours);
  tokens['a reader with the audience of the API server'] = await create('network-mapper-reader', []);
  tokens['a reader with another audience'] = await create('network-mapper-reader', ['--audience', 'vault']);
  tokens['a sniffer that is bound to no pod'] = await create('network-mapper-sniffer', ours);
  tokens['a reader whose token expired'] = expired(tokens['a reader']);
  tokens['nobody'] = `${tokens['a reader'].slice(0, -8)}AAAAAAAA`;

  const pods = await kubectl(['-n', NAMESPACE, 'get', 'pods', '-l', 'app.kubernetes.io/component=sniffer', '-o', 'json']);
  for (const { metadata, spec } of (
    JSON.parse(pods) as { items: { metadata: { name: string; uid: string }; spec: { nodeName: string } }[] }
  ).items) {
    const bound = ['--bound-object-kind', 'Pod', '--bound-object-name', metadata.name, '--bound-object-uid', metadata.uid];
    tokens[`the sniffer of ${spec.nodeName}`] = await create('network-mapper-sniffer', [...ours, ...bound]);
  }

  await kubectl(['create', 'namespace', 'nm-other']);
  await kubectl(['-n', 'nm-other', 'create', 'serviceaccount', 'network-mapper-reader']);
  tokens['a reader of another namespace'] = await create('network-mapper-reader', ours, 'nm-other');
  await kubectl(['-n', NAMESPACE, 'create', 'serviceaccount', 'network-mapper-gone']);
  tokens['an account that was deleted'] = await create('network-mapper-gone', ours);
  await kubectl(['-n', NAMESPACE, 'delete', 'serviceaccount', 'network-mapper-gone']);
}

/** The same token, rightly signed by the cluster's key, that ended an hour ago. */
function expired(token: string): string {
  const [header = '', payload = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  const now = Math.floor(Date.now() / 1000);
  const old = { ...claims, iat: now - 7_200, nbf: now - 7_200, exp: now - 3_600 };
  const body = `${header}.${Buffer.from(JSON.stringify(old)).toString('base64url')}`;
  const key = { key: readFileSync(tokenKeyFile(), 'utf8'), dsaEncoding: 'ieee-p1363' } as const;
  return `${body}.${sign('sha256', Buffer.from(body), key).toString('base64url')}`;
}

/** Status of the answer. */
async function ask(
  query: string,
  headers: Readonly<Record<string, string>>,
  host = '172.30.0.11',
  atPort = port,
  variables: object = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host, port: atPort, path: '/query', method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        answer.on('end', () => {
          // An answer with errors is none, whatever its status.
          if (answer.statusCode === 200 && text.includes('"errors"')) reject(new Error(text));
          else resolve(answer.statusCode ?? 0);
        });
      },
    );
    sent.on('error', reject);
    sent.end(JSON.stringify({ query, variables }));
  });
}

const withToken = (who: string): Record<string, string> =>
  who === 'without token' ? {} : { authorization: `Bearer ${tokens[who] ?? ''}` };

test.each<[string, number, number]>([
  ['without token', 401, 401],
  ['nobody', 401, 401],
  ['a reader', 200, 403],
  ['an admin', 200, 200],
  ['a reader with the audience of the API server', 401, 401],
  ['a reader with another audience', 401, 401],
  ['a reader whose token expired', 401, 401],
  ['a reader of another namespace', 403, 403],
  ['an account that was deleted', 401, 401],
  ['the sniffer of node-1', 403, 403],
])('%s: reading answers %d, resetting %d', async (who, read, reset) => {
  expect([await ask(READ, withToken(who)), await ask(RESET, withToken(who))]).toEqual([read, reset]);
});

test.each<[string, number]>([
  ['without token', 401],
  ['a reader', 403],
  ['an admin', 403],
  ['a sniffer that is bound to no pod', 403],
  ['the sniffer of node-2', 403],
  ['the sniffer of node-1', 200],
])('%s: a report for node-1 answers %d', async (who, status) => {
  const reporter = { kind: 'sniffer', node: 'node-1', instance: `identity-${who.replaceAll(' ', '-')}`, version: 'test' } as const;
  const batch = createReportWriter().finish(reporter, 1, Date.now());
  expect(await ask(REPORT, withToken(who), '172.30.0.11', port, { b: batch })).toBe(status);
});

test.each<[string, Record<string, string>, number]>([
  ['a page that points its own name here', { host: 'evil.example.com' }, 421],
  ['a page of another site', { origin: 'https://evil.example.com' }, 403],
  ['a form of another site', { 'content-type': 'text/plain' }, 415],
  ['a proxy between', { 'x-forwarded-for': '10.0.0.1' }, 401],
])('port-forward: %s is refused', async (_, headers, status) => {
  const forward = await portForward(NAMESPACE, 'service/otterize-network-mapper', 9090);
  try {
    const { hostname, port: local } = new URL(forward.url);
    expect([await ask(READ, {}, hostname, Number(local)), await ask(READ, headers, hostname, Number(local))]).toEqual([200, status]);
  } finally {
    await forward.close();
  }
});

// A mesh's sidecar hands over what came from anywhere with 127.0.0.6 as its source.
test.each([
  ['127.0.0.1', 200],
  ['127.0.0.6', 401],
])('inside of the pod, from %s: reading answers %d', async (localAddress, status) => {
  const pods = await kubectl(['-n', NAMESPACE, 'get', 'pods', '-l', 'app.kubernetes.io/component=mapper', '-o', 'json']);
  const pod = (JSON.parse(pods) as { items: { metadata: { uid: string }; spec: { nodeName: string } }[] }).items[0];
  if (pod === undefined) throw new Error('no mapper');
  const node = pod.spec.nodeName;
  const files = await inNode(node, ['sh', '-c', `grep -ls ${pod.metadata.uid} /proc/[0-9]*/cgroup`]);
  const pid = /\d+/.exec(files)?.[0] ?? '';
  const program = `
    const { request } = require('node:http');
    const options = { host: '127.0.0.1', port: 9090, path: '/query', method: 'POST', localAddress: '${localAddress}', headers: { 'content-type': 'application/json' } };
    request(options, ({ statusCode }) => { console.log(statusCode); process.exit(); }).end(${JSON.stringify(JSON.stringify({ query: READ }))});`;
  expect((await inNode(node, ['nsenter', '--target', pid, '--net', process.execPath, '-e', program])).trim()).toBe(String(status));
});

test.each([
  ['mapper', 'list', 'pods', 'yes'],
  ['mapper', 'create', 'tokenreviews.authentication.k8s.io', 'yes'],
  ['mapper', 'get', 'secrets', 'no'],
  ['mapper', 'create', 'pods/exec', 'no'],
  ['mapper', 'update', 'configmaps', 'no'],
  ['sniffer', 'get', 'pods', 'no'],
  ['reader', 'get', 'pods', 'no'],
  ['admin', 'delete', 'pods', 'no'],
])('in the Kubernetes API, %s may %s %s: %s', async (account, verb, resource, expected) => {
  const who = `system:serviceaccount:${NAMESPACE}:network-mapper-${account}`;
  // It ends with 1 for no.
  const answer = await kubectl(['auth', 'can-i', verb, resource, '-n', NAMESPACE, '--as', who]).then(
    () => 'yes',
    () => 'no',
  );
  expect(answer).toBe(expected);
});
