import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface KafkaBroker {
  /** The broker's standard output, with the authorizer's events. */
  readonly logPath: string;
  /** Runs lines of `VERB USER ARGUMENTS` (TestClient.java), one client after the other. Users: anonymous, tls, or a SASL user. */
  use(commands: readonly (readonly [verb: string, user: string, ...arguments_: string[]])[]): Promise<void>;
  stop(): Promise<void>;
}

const USERS = ['admin', 'orders', 'audit'] as const;
const START_TIMEOUT_MS = 60_000;

/**
 * Starts a real single-node broker (KRaft) in a temporary folder, with the authorizer's logger at DEBUG on its standard
 * output in the layout `pattern` (log4j's). Needs java 17 (a JDK), mvn and openssl; jars are kept in KAFKA_CACHE.
 */
export async function startKafkaBroker(options: { readonly version: string; readonly pattern?: string }): Promise<KafkaBroker> {
  const jars = await loadJars(options.version);
  const folder = await mkdtemp(join(tmpdir(), 'nm-kafka-broker-'));
  const ports = await freePorts(4);
  await createCertificates(folder);
  await writeFile(join(folder, 'server.properties'), serverProperties(folder, ports));
  await writeFile(join(folder, 'log4j2.properties'), log4j2(options.pattern ?? '[%d] %p %m (%c)%n'));
  await writeFile(join(folder, 'log4j.properties'), log4j1(options.pattern ?? '[%d] %p %m (%c)%n'));
  const classPath = [
    `-Dlog4j2.configurationFile=${folder}/log4j2.properties`,
    `-Dlog4j.configuration=file:${folder}/log4j.properties`,
    '-cp',
    `${jars}/*`,
  ];
  const java = ['-Xmx320m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...classPath];
  await run('java', [
    ...java,
    'kafka.tools.StorageTool',
    'format',
    '-t',
    'AAAAAAAAAAAAAAAAAAAAAQ',
    '-c',
    join(folder, 'server.properties'),
  ]);
  const logPath = join(folder, 'kafka.log');
  const broker = spawn('java', [...java, 'kafka.Kafka', join(folder, 'server.properties')], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = createWriteStream(logPath);
  broker.stdout.pipe(output);
  broker.stderr.resume();
  try {
    await untilStarted(broker, logPath);
  } catch (error) {
    broker.kill('SIGKILL');
    throw error;
  }
  return {
    logPath,
    async use(commands): Promise<void> {
      const script = join(folder, 'commands.txt');
      for (const user of new Set(commands.map(([, name]) => name))) {
        await writeFile(join(folder, `${user}.properties`), clientProperties(folder, ports, user));
      }
      const lines = commands.map(([verb, user, ...rest]) =>
        [verb, join(folder, `${user}.properties`), ...rest].join('\t').replaceAll('\n', String.raw`\n`),
      );
      await writeFile(script, lines.join('\n'));
      const source = new URL('TestClient.java', import.meta.url).pathname;
      await run('java', ['-XX:TieredStopAtLevel=1', '-cp', `${jars}/*`, source, script], { timeout: 120_000 });
    },
    async stop(): Promise<void> {
      const ended = new Promise((resolve) => broker.once('exit', resolve));
      broker.kill('SIGTERM');
      const force = setTimeout(() => broker.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(force);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilStarted(broker: ChildProcess, logPath: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const log = await readFile(logPath, 'utf8').catch(() => '');
    if (log.includes('Kafka Server started')) return;
    if (broker.exitCode !== null) throw new Error(`the broker ended: ${log.slice(-2000)}`);
    await sleep(100);
  }
  throw new Error('the broker did not start in time');
}

/** Folder with the jars of a version, filled by Maven at the first use. */
async function loadJars(version: string): Promise<string> {
  const folder = join(process.env['KAFKA_CACHE'] ?? join(homedir(), '.cache', 'kafka-test'), version);
  if (
    await access(join(folder, '.complete')).then(
      () => true,
      () => false,
    )
  )
    return folder;
  await mkdir(folder, { recursive: true });
  const dependency = (group: string, artifact: string, artifactVersion: string): string =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${artifactVersion}</version></dependency>`;
  const logging = version.startsWith('3.')
    ? dependency('org.slf4j', 'slf4j-reload4j', '1.7.36')
    : dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', '2.24.3') + dependency('org.apache.logging.log4j', 'log4j-core', '2.24.3');
  await writeFile(
    join(folder, 'pom.xml'),
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging><dependencies>${dependency('org.apache.kafka', 'kafka_2.13', version)}${logging}</dependencies></project>`,
  );
  await run('mvn', ['-B', '-q', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=.'], {
    cwd: folder,
    timeout: 300_000,
  });
  await writeFile(join(folder, '.complete'), '');
  return folder;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** An authority, the broker's certificate and that of one client whose subject has the log's own words in it. */
async function createCertificates(folder: string): Promise<void> {
  const openssl = (...words: string[]): Promise<unknown> => run('openssl', words, { cwd: folder });
  await openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '3',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-subj',
    '/CN=test-ca',
  );
  await writeFile(join(folder, 'san.cnf'), 'subjectAltName=DNS:localhost,IP:127.0.0.1');
  for (const [name, subject] of [
    ['broker', '/CN=localhost'],
    ['client', '/O=Acme, Inc./CN=web is Allowed Operation = Read'],
  ] as const) {
    await openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-utf8', '-subj', subject);
    await openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '3',
      '-out',
      `${name}.crt`,
      '-extfile',
      'san.cnf',
    );
    const parts = await Promise.all([readFile(join(folder, `${name}.key`)), readFile(join(folder, `${name}.crt`))]);
    await writeFile(join(folder, `${name}.pem`), Buffer.concat(parts));
  }
}

function serverProperties(folder: string, [plain, sasl, tls, controller]: readonly number[]): string {
  const login = `org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="admin-secret" ${USERS.map((user) => `user_${user}="${user}-secret"`).join(' ')};`;
  const listeners = `PLAINTEXT://127.0.0.1:${plain},SASL://127.0.0.1:${sasl},SSL://127.0.0.1:${tls}`;
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controller}`,
    `listeners=${listeners},CONTROLLER://127.0.0.1:${controller}`,
    `advertised.listeners=${listeners}`,
    'controller.listener.names=CONTROLLER',
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT,SSL:SSL,CONTROLLER:SASL_PLAINTEXT',
    'inter.broker.listener.name=SASL',
    'sasl.enabled.mechanisms=PLAIN',
    'sasl.mechanism.inter.broker.protocol=PLAIN',
    'sasl.mechanism.controller.protocol=PLAIN',
    `listener.name.sasl.plain.sasl.jaas.config=${login}`,
    `listener.name.controller.plain.sasl.jaas.config=${login}`,
    'ssl.client.auth=required',
    'ssl.keystore.type=PEM',
    `ssl.keystore.location=${folder}/broker.pem`,
    'ssl.truststore.type=PEM',
    `ssl.truststore.location=${folder}/ca.crt`,
    'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users=User:admin',
    'allow.everyone.if.no.acl.found=true',
    `log.dirs=${folder}/data`,
    'num.partitions=1',
    'group.initial.rebalance.delay.ms=0',
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
  ].join('\n');
}

function clientProperties(folder: string, [plain, sasl, tls]: readonly number[], user: string): string {
  if (user === 'anonymous') return `bootstrap.servers=127.0.0.1:${plain}`;
  if (user === 'tls') {
    return [
      `bootstrap.servers=127.0.0.1:${tls}`,
      'security.protocol=SSL',
      'ssl.keystore.type=PEM',
      `ssl.keystore.location=${folder}/client.pem`,
      'ssl.truststore.type=PEM',
      `ssl.truststore.location=${folder}/ca.crt`,
    ].join('\n');
  }
  return [
    `bootstrap.servers=127.0.0.1:${sasl}`,
    'security.protocol=SASL_PLAINTEXT',
    'sasl.mechanism=PLAIN',
    `sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="${user}" password="${user}-secret";`,
  ].join('\n');
}

function log4j2(pattern: string): string {
  return [
    'rootLogger.level=INFO',
    'rootLogger.appenderRef.s.ref=s',
    'appender.s.type=Console',
    'appender.s.name=s',
    'appender.s.layout.type=PatternLayout',
    `appender.s.layout.pattern=${pattern}`,
    'logger.authorizer.name=kafka.authorizer.logger',
    'logger.authorizer.level=DEBUG',
  ].join('\n');
}

function log4j1(pattern: string): string {
  return [
    'log4j.rootLogger=INFO, s',
    'log4j.appender.s=org.apache.log4j.ConsoleAppender',
    'log4j.appender.s.layout=org.apache.log4j.PatternLayout',
    `log4j.appender.s.layout.ConversionPattern=${pattern}`,
    'log4j.logger.kafka.authorizer.logger=DEBUG',
  ].join('\n');
}
