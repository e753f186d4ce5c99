import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { rootCertificates } from 'node:tls';
import packet from 'dns-packet';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '@nm/core';
import { createMetrics } from '@nm/runtime';
import { createAuthorityKeyPair, signServerCertificate } from '@nm/runtime/certificates';
import { parseAwsHost } from './actions/parse-host.ts';
import { toAwsCall } from './actions/to-aws-call.ts';
import { createDnsServer, DNS_DEFAULTS } from './dns/dns-server.ts';
import { AWS_PROXY_DEFAULTS, createAwsProxy } from './proxy/aws-proxy.ts';
import type { AwsProxy } from './proxy/aws-proxy.ts';
import { createCertificateAuthority } from './proxy/certificate-authority.ts';
import { AWS_METRICS } from './report/aws-metrics.ts';
import { BOTO3, BOTO3_FOREVER, CREDENTIALS, expectedCalls, JAVA, JAVASCRIPT, MOCK_NAMES } from './testing/sdk-programs.ts';
import { loadSdkTools, runInPod, startInPod, untilOpen } from './testing/sdk-tools.ts';
import type { Pod, SdkTools } from './testing/sdk-tools.ts';
import { encodeJks, TRUST_STORE_PASSWORD } from './webhook/encode-jks.ts';

/**
 * The SDKs as they are, against moto in AWS's place: our DNS server, proxy and certificates on addresses of this host's own
 * (127.0.0.0/8), each program with the resolv.conf and the variables that the webhook gives. Needs root, Python, Java and npm.
 */
const OURS = '127.86.0.1';
const CLUSTER_DNS = '127.86.0.2';
const AWS = '127.86.0.3';
const clock = { now: () => Date.now() };
const seen = new Set<string>();
const sources = new Set<string>();
const register = new Registry();

let tools: SdkTools;
let folder: string;
let moto: ChildProcess;
let labelled: Pod;
let proxy: AwsProxy;
let dns: ReturnType<typeof createDnsServer>;
const clusterDns = createSocket('udp4');

/** The cluster's DNS: all of AWS is at the mock. */
function answerAsCluster(): void {
  clusterDns.on('message', (message, client) => {
    const asked = packet.decode(message);
    const [question] = asked.questions ?? [];
    const answers = question?.type === 'A' ? [{ type: 'A' as const, name: question.name, ttl: 30, data: AWS }] : [];
    const flags = packet.RECURSION_AVAILABLE | packet.RECURSION_DESIRED;
    const answer = { type: 'response' as const, id: asked.id ?? 0, flags, questions: asked.questions ?? [], answers };
    clusterDns.send(packet.encode(answer), client.port, client.address);
  });
}

beforeAll(async () => {
  tools = await loadSdkTools();
  folder = await mkdtemp(join(tmpdir(), 'aws-sdk-'));
  const [ours, theirs] = await Promise.all([createAuthorityKeyPair(clock, 'ours'), createAuthorityKeyPair(clock, 'their public root')]);
  const pair = await signServerCertificate(theirs, MOCK_NAMES, clock, 86_400_000);
  await writeFile(join(folder, 'server.crt'), pair.cert);
  await writeFile(join(folder, 'server.key'), pair.key);
  await writeFile(join(folder, 'ca.crt'), `${ours.cert}\n${theirs.cert}`);
  await writeFile(join(folder, 'bundle.crt'), [...rootCertificates, theirs.cert, ours.cert].join('\n'));
  await writeFile(join(folder, 'truststore.jks'), encodeJks([...rootCertificates.slice(0, 20), theirs.cert, ours.cert], clock.now()));
  await writeFile(join(folder, 'Ask.java'), JAVA);
  await writeFile(join(tools.nodeFolder, 'calls.mjs'), JAVASCRIPT);
  moto = spawn(tools.motoServer, ['-H', AWS, '-p', '443', '-c', join(folder, 'server.crt'), '-k', join(folder, 'server.key')], {
    stdio: 'ignore',
  });
  clusterDns.bind(53, CLUSTER_DNS);
  await once(clusterDns, 'listening');
  answerAsCluster();
  await untilOpen(443, AWS);
  // Another's mock would answer with a certificate that nobody here knows.
  if (moto.exitCode !== null) throw new Error(`${AWS}:443 is taken`);
  const metrics = createMetrics(AWS_METRICS, register);
  proxy = createAwsProxy(
    {
      authority: createCertificateAuthority({ clock }, { authority: ours, maxHosts: 100 }),
      clock,
      log: silentLogger,
      metrics,
      onRequest: (request, source) => {
        sources.add(source);
        for (const { action, resource } of toAwsCall(request)?.pairs ?? []) seen.add(`${action} ${resource}`);
      },
    },
    {
      ...AWS_PROXY_DEFAULTS,
      httpsListen: { host: OURS, port: 443 },
      httpListen: { host: OURS, port: 80 },
      upstream: (_host, port) => ({ host: AWS, port, ca: theirs.cert }),
    },
  );
  dns = createDnsServer(
    { log: silentLogger, metrics },
    {
      ...DNS_DEFAULTS,
      listen: { host: OURS, port: 53 },
      proxyAddresses: [OURS],
      upstream: { host: CLUSTER_DNS, port: 53 },
      isOurs: (name) => parseAwsHost(name) !== undefined,
    },
  );
  await proxy.start();
  await dns.start();
  const bundle = join(folder, 'bundle.crt');
  labelled = {
    nameservers: [OURS, CLUSTER_DNS],
    folder,
    env: {
      ...CREDENTIALS,
      NODE_EXTRA_CA_CERTS: join(folder, 'ca.crt'),
      AWS_CA_BUNDLE: bundle,
      REQUESTS_CA_BUNDLE: bundle,
      SSL_CERT_FILE: bundle,
    },
  };
});

afterAll(async () => {
  // First what would outlive us.
  moto?.kill();
  clusterDns.close();
  await proxy?.stop();
  await dns?.stop();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => seen.clear());

describe('with the label', () => {
  test('boto3: its calls work and are seen, no others', async () => {
    expect(await runInPod(labelled, [tools.python, '-c', BOTO3])).toBe('done\n');
    expect([...seen].toSorted()).toEqual(expectedCalls('py'));
  });

  test('JavaScript v3: its calls work and are seen, no others', async () => {
    expect(await runInPod(labelled, [process.execPath, join(tools.nodeFolder, 'calls.mjs')])).toBe('done\n');
    expect([...seen].toSorted()).toEqual(expectedCalls('js'));
  });

  test('Java: with the trust store that the annotation gives', async () => {
    const options = `-Djavax.net.ssl.trustStore=${join(folder, 'truststore.jks')} -Djavax.net.ssl.trustStoreType=JKS -Djavax.net.ssl.trustStorePassword=${TRUST_STORE_PASSWORD}`;
    const text = await runInPod({ ...labelled, env: { ...labelled.env, JAVA_TOOL_OPTIONS: options } }, ['java', 'Ask.java']);
    expect(text.trim().split('\n').at(-1)).toBe('done');
    expect([...seen]).toEqual(['sts:GetCallerIdentity *']);
  });
});

test('without the label nothing of ours is in the way', async () => {
  const before = await register.getSingleMetricAsString('network_mapper_aws_connections_total');
  const { REQUESTS_CA_BUNDLE = '', ...env } = labelled.env;
  const pod: Pod = { ...labelled, nameservers: [CLUSTER_DNS], env: { ...env, AWS_CA_BUNDLE: REQUESTS_CA_BUNDLE } };
  const program = BOTO3.replaceAll('py-', 'plain-');
  expect(await runInPod(pod, [tools.python, '-c', program])).toBe('done\n');
  expect([...seen]).toEqual([]);
  expect(await register.getSingleMetricAsString('network_mapper_aws_connections_total')).toBe(before);
});

test('a program at work goes on within five seconds after everything of ours ended, and one that starts then works', async () => {
  const child = await startInPod(labelled, [tools.python, '-u', '-c', BOTO3_FOREVER]);
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout ?? process.stdin });
  reader.on('line', (line) => lines.push(line));
  await expect.poll(() => lines.length, { timeout: 30_000 }).toBeGreaterThan(5);
  expect([...seen]).toContain('s3:PutObject arn:aws:s3:::py-loop/k');
  const stoppedAt = Date.now() / 1000;
  await Promise.all([proxy.stop(), dns.stop()]);
  const after = (): number[] => lines.map(Number).filter((time) => time > stoppedAt + 0.2);
  await expect.poll(() => after().length, { timeout: 30_000 }).toBeGreaterThan(5);
  const gap = (after()[0] ?? 0) - stoppedAt;
  child.kill('SIGKILL');
  // The time is what is promised.
  expect(gap).toBeLessThan(5);
  expect(await runInPod(labelled, [tools.python, '-c', BOTO3.replaceAll('py-', 'late-')])).toBe('done\n');
});
