import { getServers } from 'node:dns';
import { loadKubeClient } from '@nm/kube';
import type { KubeClient } from '@nm/kube';
import { createMapperSink, guarded, optionSources, printedConfig, printedHelp, SYSTEM_CLOCK } from '@nm/reporting';
import type { CommandContext } from '@nm/reporting';
import { createHealth, createHttpListener, createLogger, createMetrics, createMetricsHandler, loadOptions } from '@nm/runtime';
import type { OptionValues, Startable } from '@nm/runtime';
import { Registry } from 'prom-client';
import { parseAwsHost } from '../actions/parse-host.ts';
import { createDnsServer, DNS_DEFAULTS } from '../dns/dns-server.ts';
import { AWS_PROXY_DEFAULTS, createAwsProxy, matchesHost } from '../proxy/aws-proxy.ts';
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

/** `network-mapper aws-visibility`: proxy, admission webhook and DNS server until the signal aborts; gives the exit code. */
export async function runAwsVisibility(context: CommandContext): Promise<number> {
  return guarded(async () => {
    if (printedHelp(context, USAGE, AWS_OPTIONS)) return;
    const loaded = await loadOptions(AWS_OPTIONS, optionSources(context), { part: 'aws' });
    if (printedConfig(context, AWS_OPTIONS, loaded)) return;
    const { values } = loaded;
    await run(context, values);
  });
}

async function run(context: CommandContext, values: AwsValues): Promise<void> {
  const log = createLogger({ name: 'aws-visibility', level: values.logLevel });
  const register = new Registry();
  const metrics = createMetrics(AWS_METRICS, register);
  const kube = await loadKubeClient({ env: context.env, ...(values.kubeconfig === undefined ? {} : { kubeconfig: values.kubeconfig }) });
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
  const parts: Startable[] = [reporter, proxy];
  const addressesOf = async (service: string | undefined, given: readonly string[]): Promise<readonly string[]> =>
    given.length > 0 || service === undefined ? given : loadServiceAddresses(kube, namespace, service);
  const proxyAddresses = await addressesOf(values.proxyService, values.proxyAddress);
  if (proxyAddresses.length > 0) {
    const isOurs = (name: string): boolean =>
      proxy.isReaching() && (parseAwsHost(name) !== undefined || values.hosts.some((pattern) => matchesHost(pattern, name)));
    parts.push(
      createDnsServer(
        { log, metrics },
        { ...DNS_DEFAULTS, listen: values.dnsListen, proxyAddresses, upstream: { host: clusterDns, port: 53 }, isOurs },
      ),
    );
  } else log.warn('no DNS server: neither --proxy-service nor --proxy-address is given');
  const [dnsAddress] = await addressesOf(values.dnsService, values.dnsAddress === undefined ? [] : [values.dnsAddress]);
  if (values.webhook && dnsAddress !== undefined)
    parts.push(createWebhook({ kube, authority, values, namespace, clusterDns, dnsAddress, log, metrics }));
  const health = createHealth();
  parts.push(
    createHttpListener(
      { handler: createMetricsHandler({ register, health, log }), log },
      { name: 'metrics', listen: values.metricsListen },
    ),
  );
  // A renewed authority takes effect with a start, and the Deployment starts us again.
  const renewal = new AbortController();
  const timer = setInterval(() => {
    if (!needsRenewal(authority, SYSTEM_CLOCK)) return;
    log.info('our authority is due for renewal; restarting');
    renewal.abort();
  }, RENEWAL_CHECK_MS);
  timer.unref();
  await runParts(parts, AbortSignal.any([context.signal, renewal.signal]), () => log.info('ready', { parts: parts.length }));
}

interface WebhookSetting {
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
function createWebhook({ kube, authority, values, namespace, clusterDns, dnsAddress, log, metrics }: WebhookSetting): Startable {
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

/** Starts in order, waits for the signal, stops in reverse order; what was started is stopped also when a later one fails. */
async function runParts(parts: readonly Startable[], signal: AbortSignal, onReady: () => void): Promise<void> {
  const started: Startable[] = [];
  try {
    for (const part of parts) {
      await part.start(signal);
      started.push(part);
    }
    onReady();
    if (!signal.aborted) await new Promise((done) => signal.addEventListener('abort', done, { once: true }));
  } finally {
    for (const part of started.toReversed()) await part.stop();
  }
}
