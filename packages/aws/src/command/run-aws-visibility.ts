import { getServers } from 'node:dns';
import { loadKubeClient } from '@nm/kube';
import type { KubeClient } from '@nm/kube';
import { createMapperSink, loadCommandOptions, readInput, serveUntilStopped, SYSTEM_CLOCK } from '@nm/reporting';
import type { CheckedPart } from '@nm/reporting';
import { createLifecycle, createLogger, createMetrics, guarded } from '@nm/runtime';
import type { CommandContext, Lifecycle, OptionValues, Startable } from '@nm/runtime';
import { Registry } from 'prom-client';
import { createDnsServer, DNS_DEFAULTS } from '../dns/dns-server.ts';
import { AWS_PROXY_DEFAULTS, createAwsProxy } from '../proxy/aws-proxy.ts';
import { createCertificateAuthority } from '../proxy/certificate-authority.ts';
import { AWS_METRICS } from '../report/aws-metrics.ts';
import { CALL_REPORTER_DEFAULTS, createCallReporter } from '../report/call-reporter.ts';
import { createAdmissionServer } from '../webhook/admission-server.ts';
import {
  createBundleProvider,
  loadAuthority,
  loadNamespaceLabels,
  loadServiceAddresses,
  needsRenewal,
  provideCaBundle,
} from '../webhook/cluster-objects.ts';
import type { Authority } from '../webhook/cluster-objects.ts';
import { AWS_OPTIONS } from './aws-options.ts';

type AwsValues = OptionValues<typeof AWS_OPTIONS>;

const USAGE = 'network-mapper aws-visibility [options]';
const MAX_HOSTS = 2_000;
/** How often the webhook's caBundle is looked at. */
const CA_CHECK_MS = 60_000;
const RENEWAL_CHECK_MS = 12 * 3_600_000;
/** The reporter alone takes up to twice five for what is left. */
const STOP_TIMEOUT_MS = 15_000;

/** `network-mapper aws-visibility`: proxy, admission webhook and DNS server until the signal aborts; gives the exit code. */
export async function runAwsVisibility(context: CommandContext): Promise<number> {
  return guarded(async () => {
    const values = await loadCommandOptions(context, AWS_OPTIONS, { part: 'aws', usage: USAGE });
    if (values !== undefined) await run(context, values);
  });
}

async function run(context: CommandContext, values: AwsValues): Promise<void> {
  const log = createLogger({ name: 'aws-visibility', level: values.logLevel });
  const register = new Registry();
  const metrics = createMetrics(AWS_METRICS, register);
  const kube = await loadKubeClient({ env: context.env, kubeconfig: values.kubeconfig, context: values.kubeContext });
  const namespace = values.namespace ?? kube.namespace;
  const authority = await loadAuthority(kube, SYSTEM_CLOCK, namespace, values.authoritySecret);
  const sink = await createMapperSink(context, values, { kind: 'aws-visibility', clock: SYSTEM_CLOCK, log });
  const reporter = createCallReporter(
    { sink, clock: SYSTEM_CLOCK, log, metrics },
    { ...CALL_REPORTER_DEFAULTS, intervalMs: values.interval },
  );
  const proxy = createAwsProxy(
    {
      authority: createCertificateAuthority({ clock: SYSTEM_CLOCK }, { authority, maxHosts: MAX_HOSTS }),
      clock: SYSTEM_CLOCK,
      log,
      metrics,
      onRequest: (request, source) => reporter.record(request, source),
    },
    {
      ...AWS_PROXY_DEFAULTS,
      httpsListen: values.httpsListen,
      httpListen: values.httpListen,
      maxConnections: values.maxConnections,
      maxBodyBytes: values.maxBody,
      hosts: values.hosts,
    },
  );
  const clusterDns = values.clusterDns ?? getServers()[0] ?? '127.0.0.1';
  const parts = createLifecycle({ log }, { stopTimeoutMs: STOP_TIMEOUT_MS });
  parts.add('reporter', reporter);
  parts.add('proxy', proxy);
  const addressesOf = async (service: string | undefined, given: readonly string[]): Promise<readonly string[]> =>
    given.length > 0 || service === undefined ? given : loadServiceAddresses(kube, namespace, service);
  const proxyAddresses = await addressesOf(values.proxyService, values.proxyAddress);
  if (proxyAddresses.length > 0) {
    const isOurs = (name: string): boolean => proxy.isReaching() && proxy.isWanted(name);
    parts.add(
      'DNS server',
      createDnsServer(
        { log, metrics },
        { ...DNS_DEFAULTS, listen: values.dnsListen, proxyAddresses, upstream: { host: clusterDns, port: 53 }, isOurs },
      ),
    );
  } else log.warn('no DNS server: neither --proxy-service nor --proxy-address is given');
  const [dnsAddress] = await addressesOf(values.dnsService, values.dnsAddress === undefined ? [] : [values.dnsAddress]);
  if (values.webhook && dnsAddress !== undefined)
    parts.add('webhook', await createWebhook({ context, kube, authority, values, namespace, clusterDns, dnsAddress, log, metrics }));
  // A renewed authority takes effect with a start, and the Deployment starts us again.
  const renewal = new AbortController();
  const timer = setInterval(() => {
    if (!needsRenewal(authority, SYSTEM_CLOCK)) return;
    log.info('our authority is due for renewal; restarting');
    renewal.abort();
  }, RENEWAL_CHECK_MS);
  timer.unref();
  const signal = AbortSignal.any([context.signal, renewal.signal]);
  await serveUntilStopped(signal, { log, register, metricsListen: values.metricsListen }, toChecked(parts));
}

/** Ready when every server listens: a pod that is not must get no connection and no question. */
function toChecked(parts: Lifecycle): CheckedPart {
  let isStarted = false;
  return {
    checks: { servers: () => ({ ok: isStarted }) },
    async start(signal): Promise<void> {
      await parts.start(signal);
      isStarted = true;
    },
    stop: () => parts.stop(),
  };
}

/** Throws AppError `input-unreadable`. */
async function loadClientCa(context: CommandContext, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of readInput(context, file)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

interface WebhookSetting {
  readonly context: CommandContext;
  readonly kube: KubeClient;
  readonly authority: Authority;
  readonly values: AwsValues;
  readonly namespace: string;
  readonly clusterDns: string;
  readonly dnsAddress: string;
  readonly log: Parameters<typeof createAdmissionServer>[0]['log'];
  readonly metrics: Parameters<typeof createAdmissionServer>[0]['metrics'];
}

/** The admission server, and the check that keeps its authority known to the API server. */
async function createWebhook({
  context,
  kube,
  authority,
  values,
  namespace,
  clusterDns,
  dnsAddress,
  log,
  metrics,
}: WebhookSetting): Promise<Startable> {
  const clientCa = await loadClientCa(context, values.webhookClientCa);
  const server = createAdmissionServer(
    {
      authority,
      clock: SYSTEM_CLOCK,
      log,
      metrics,
      provideBundle: createBundleProvider(kube, SYSTEM_CLOCK, authority.trusted, values.bundle),
      loadNamespaceLabels: (name) => loadNamespaceLabels(kube, name),
    },
    {
      listen: values.webhookListen,
      names: [`${values.webhookService}.${namespace}.svc`, `${values.webhookService}.${namespace}.svc.${values.clusterDomain}`],
      dnsAddress,
      clusterDnsAddress: clusterDns,
      clusterDomain: values.clusterDomain,
      configMap: values.bundle,
      ...(clientCa === undefined ? {} : { clientCa }),
    },
  );
  let timer: NodeJS.Timeout | undefined;
  const check = (): Promise<void> =>
    provideCaBundle(kube, values.webhookConfiguration, authority.trusted).catch((error: unknown) => {
      log.error("the webhook's caBundle could not be written; pods are let in unchanged", { error: (error as Error).message });
    });
  return {
    async start(): Promise<void> {
      await server.start();
      await check();
      timer = setInterval(() => void check(), CA_CHECK_MS).unref();
    },
    async stop(): Promise<void> {
      clearInterval(timer);
      await server.stop();
    },
  };
}
