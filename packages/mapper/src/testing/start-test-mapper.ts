import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReportWriter, REPORT } from '@nm/api';
import type { ReportAnswer, ReportBatch, Reporter } from '@nm/api';
import { silentLogger } from '@nm/core';
import type { Logger, Observation } from '@nm/core';
import { loadOptions } from '@nm/runtime';
import { createDumpSource } from '../cluster/cluster-source.ts';
import type { ApplyChange, ClusterSource } from '../cluster/cluster-source.ts';
import { createMapper } from '../create-mapper.ts';
import { MAPPER_OPTIONS } from '../mapper-options.ts';
import type { MapperOptions } from '../mapper-options.ts';
import { shopObjects } from './shop-cluster.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface GraphQLAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: Readonly<Record<string, unknown>> }[];
}

/** The data of an answer that must have some. */
export function dataOf<T>(body: GraphQLAnswer): T {
  if (body.data === undefined || body.data === null) throw new Error(`no data: ${JSON.stringify(body.errors)}`);
  return body.data as T;
}

/** A mapper over real HTTP on free ports, with the shop's cluster and a clock that stands still. */
export interface TestMapper {
  readonly url: string;
  readonly metricsUrl: string;
  /** Milliseconds since the Unix epoch; set it to let time pass. */
  now: number;
  send(path: string, options?: { method?: string; headers?: Record<string, string>; body?: string | Buffer }): Promise<HttpAnswer>;
  query(query: string, variables?: object, headers?: Record<string, string>): Promise<HttpAnswer & { readonly body: GraphQLAnswer }>;
  report(
    observations: readonly Observation[],
    settings?: { sequence?: number; reporter?: Partial<Reporter>; sentAt?: number },
  ): Promise<ReportAnswer>;
  batch(observations: readonly Observation[], settings?: { sequence?: number; reporter?: Partial<Reporter>; sentAt?: number }): ReportBatch;
  stop(): Promise<void>;
}

export const START = Date.parse('2026-03-01T12:00:00Z');

export interface TestMapperOptions {
  readonly args?: readonly string[];
  readonly change?: Partial<MapperOptions>;
  readonly createSource?: (apply: ApplyChange) => ClusterSource;
  /** Of the cluster, besides the shop's. */
  readonly objects?: readonly object[];
  readonly namespace?: string;
  readonly log?: Logger;
  /** Standard variables that exports obey. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export async function startTestMapper(options: TestMapperOptions = {}): Promise<TestMapper> {
  const folder = await mkdtemp(join(tmpdir(), 'nm-mapper-'));
  await writeFile(
    join(folder, 'objects.json'),
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...shopObjects(), ...(options.objects ?? [])] }),
  );
  const argv = [
    '--listen',
    '127.0.0.1:0',
    '--metrics-listen',
    '127.0.0.1:0',
    '--store',
    'sqlite::memory:',
    '--auth',
    'none',
    ...(options.args ?? []),
  ];
  const { values } = await loadOptions(
    MAPPER_OPTIONS,
    { argv, env: {}, readFile: () => Promise.reject(new Error('none')) },
    { part: 'mapper' },
  );
  const log = options.log ?? silentLogger;
  const time = { now: START };
  const mapper = createMapper(
    {
      clock: { now: () => time.now },
      log,
      createSource: options.createSource ?? ((apply) => createDumpSource({ apply, log }, { paths: [folder] })),
      version: 'test',
      ...(options.env !== undefined && { env: options.env }),
      ...(options.namespace !== undefined && { namespace: options.namespace }),
    },
    { ...values, ...options.change },
  );
  await mapper.start();
  const { query, metrics } = mapper.addresses();
  const url = `http://127.0.0.1:${query.port}`;
  let sequence = 0;

  const test: TestMapper = {
    url,
    metricsUrl: `http://127.0.0.1:${metrics.port}`,
    get now() {
      return time.now;
    },
    set now(value) {
      time.now = value;
    },
    send: (path, sent = {}) => exchange(`${url}${path}`, sent),
    async query(text, variables, headers = {}) {
      const body = JSON.stringify({ query: text, variables });
      const answer = await exchange(`${url}/query`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
      return { ...answer, body: JSON.parse(answer.text) as GraphQLAnswer };
    },
    batch(observations, settings = {}) {
      const writer = createReportWriter();
      for (const observation of observations) writer.add(observation);
      const reporter: Reporter = { kind: 'sniffer', node: 'node-1', instance: 'sniffer-1', version: 'test', ...settings.reporter };
      return writer.finish(reporter, settings.sequence ?? ++sequence, settings.sentAt ?? time.now);
    },
    async report(observations, settings) {
      const { body } = await test.query(REPORT.text, { batch: test.batch(observations, settings) });
      const answer = body.data?.['report'];
      if (answer === undefined || answer === null) throw new Error(JSON.stringify(body.errors));
      return answer as ReportAnswer;
    },
    async stop() {
      await mapper.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return test;
}

/** node:http, because fetch does not let a test set Host or Origin. */
function exchange(url: string, sent: { method?: string; headers?: Record<string, string>; body?: string | Buffer }): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: sent.method ?? 'GET', headers: sent.headers ?? {}, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() });
      });
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(sent.body);
  });
}

/** A TCP attempt by address, seen by the client's node a moment ago. */
export function attempt(from: string, to: string, change: { port?: number; at?: number; count?: number } = {}): Observation {
  const at = change.at ?? START - 1_000;
  return {
    kind: 'tcp',
    vantage: 'client',
    source: { address: from },
    destination: { protocol: 'TCP', address: to, port: change.port ?? 8080 },
    count: change.count ?? 1,
    firstSeenAt: at,
    lastSeenAt: at,
  };
}
