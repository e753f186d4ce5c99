import {
  boolean,
  bytes,
  duration,
  integer,
  KUBE_OPTIONS,
  list,
  listenAddress,
  option,
  optional,
  REPORTER_OPTIONS,
  SERVICE_OPTIONS,
  text,
} from '@nm/runtime';
import { AWS_PROXY_DEFAULTS } from '../proxy/aws-proxy.ts';
import { CALL_REPORTER_DEFAULTS } from '../report/call-reporter.ts';

/** Options of `network-mapper aws-visibility`; docs/reference/options.md is generated from this table. */
export const AWS_OPTIONS = {
  ...REPORTER_OPTIONS,
  ...KUBE_OPTIONS,
  httpsListen: option({ flag: 'https-listen', type: listenAddress(), default: { port: 10_443 }, help: 'Where pods reach AWS by HTTPS.' }),
  httpListen: option({ flag: 'http-listen', type: listenAddress(), default: { port: 10_080 }, help: 'Where pods reach AWS by HTTP.' }),
  hosts: option({
    flag: 'hosts',
    type: list(text('a host pattern')),
    default: [],
    help: 'Further hosts to look into, such as *.example.com.',
  }),
  maxConnections: option({
    flag: 'max-connections',
    type: integer({ min: 1, max: 100_000 }),
    default: AWS_PROXY_DEFAULTS.maxConnections,
    help: 'Connections of pods at once; a further one displaces a silent one of the pod that has most, or is refused.',
  }),
  maxBody: option({
    flag: 'max-body',
    type: bytes(),
    default: AWS_PROXY_DEFAULTS.maxBodyBytes,
    help: 'Bytes of a body that are looked at; the rest only passes.',
  }),
  interval: option({
    flag: 'interval',
    type: duration({ minMs: 1_000, maxMs: 300_000 }),
    default: CALL_REPORTER_DEFAULTS.intervalMs,
    help: 'How often calls are reported.',
  }),
  dnsListen: option({ flag: 'dns-listen', type: listenAddress(), default: { port: 10_053 }, help: 'Where labelled pods ask for names.' }),
  clusterDns: optional({
    flag: 'cluster-dns',
    type: text('an address'),
    help: "Address of the cluster's DNS; by default the first nameserver of /etc/resolv.conf.",
  }),
  clusterDomain: option({ flag: 'cluster-domain', type: text('a domain'), default: 'cluster.local', help: "The cluster's own domain." }),
  proxyService: optional({
    flag: 'proxy-service',
    type: text('a Service'),
    help: 'Service of the proxy in our namespace: the addresses that the DNS server gives for AWS.',
  }),
  dnsService: optional({
    flag: 'dns-service',
    type: text('a Service'),
    help: 'Service of our DNS server in our namespace: the nameserver that labelled pods get.',
  }),
  proxyAddress: option({
    flag: 'proxy-address',
    type: list(text('an address')),
    default: [],
    help: 'Addresses of the proxy instead of those of its Service, of one family or both; without either there is no DNS server.',
  }),
  dnsAddress: optional({
    flag: 'dns-address',
    type: text('an address'),
    help: 'Address of our DNS server instead of that of its Service; without either there is no webhook.',
  }),
  webhook: option({ flag: 'webhook', type: boolean(), default: true, help: 'Serve the admission webhook.' }),
  webhookListen: option({
    flag: 'webhook-listen',
    type: listenAddress(),
    default: { port: 9_443 },
    help: 'Where the API server sends admission reviews.',
  }),
  webhookClientCa: optional({
    flag: 'webhook-client-ca',
    type: text('a file'),
    help: "PEM file of the authority that signed the API server's client certificate: then only it is answered. The API server needs an AdmissionConfiguration with that certificate.",
  }),
  webhookService: option({
    flag: 'webhook-service',
    type: text('a Service'),
    default: 'network-mapper-aws-webhook',
    help: 'Service of the webhook: a name in its certificate.',
  }),
  webhookConfiguration: option({
    flag: 'webhook-configuration',
    type: text('a name'),
    default: 'network-mapper-aws-visibility',
    help: 'MutatingWebhookConfiguration whose caBundle we keep right.',
  }),
  namespace: optional({
    flag: 'namespace',
    type: text('a namespace'),
    help: 'Where our Secret is; by default that of the kubeconfig or of our own pod.',
  }),
  authoritySecret: option({
    flag: 'authority-secret',
    type: text('a Secret'),
    default: 'network-mapper-aws-ca',
    help: 'Secret with our authority; made when there is none.',
  }),
  bundle: option({
    flag: 'bundle',
    type: text('a ConfigMap'),
    default: 'network-mapper-aws-ca',
    help: 'ConfigMap with certificates that labelled pods get.',
  }),
  ...SERVICE_OPTIONS,
} as const;
