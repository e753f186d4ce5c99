import { boolean, choice, list, option, optional, text } from '@nm/runtime';

/** Who may ask and report, and how that is known. */
export const AUTH_OPTIONS = {
  auth: option({
    flag: 'auth',
    type: choice(['kubernetes', 'none']),
    default: 'kubernetes',
    help: 'Who may report, read and reset: checked by the Kubernetes API, or anybody.',
    key: 'auth.mode',
  }),
  authNoneAnywhere: option({
    flag: 'auth-none-i-mean-it',
    type: boolean(),
    default: false,
    help: 'Allow --auth none although other machines can reach the listener.',
    key: 'auth.noneIMeanIt',
  }),
  authAudience: option({
    flag: 'auth-audience',
    type: text(),
    default: 'network-mapper',
    help: 'Audience that tokens must be made for.',
    key: 'auth.audience',
  }),
  authNamespace: optional({
    flag: 'auth-namespace',
    type: text('a namespace'),
    help: 'Namespace of the ServiceAccounts below. Without it the mapper’s own.',
    key: 'auth.namespace',
  }),
  authSniffers: option({
    flag: 'auth-sniffers',
    type: list(text('a ServiceAccount name')),
    default: ['network-mapper-sniffer'],
    help: 'ServiceAccounts that may report, each token only for the node of the pod that it is bound to.',
    key: 'auth.sniffers',
  }),
  authWatchers: option({
    flag: 'auth-watchers',
    type: list(text('a ServiceAccount name')),
    default: ['network-mapper-watcher', 'network-mapper-aws'],
    help: 'ServiceAccounts that may report what is seen on no node: Kafka logs, mesh metrics, cloud calls.',
    key: 'auth.watchers',
  }),
  authReaders: option({
    flag: 'auth-readers',
    type: list(text('a ServiceAccount name')),
    default: ['network-mapper-reader'],
    help: 'ServiceAccounts whose tokens may read.',
    key: 'auth.readers',
  }),
  authAdmins: option({
    flag: 'auth-admins',
    type: list(text('a ServiceAccount name')),
    default: ['network-mapper-admin'],
    help: 'ServiceAccounts whose tokens may read and reset.',
    key: 'auth.admins',
  }),
  authLoopback: option({
    flag: 'auth-loopback',
    type: boolean(),
    default: true,
    help: 'Connections from the pod itself (kubectl port-forward) may read without a token.',
    key: 'auth.loopback',
  }),
  authLoopbackReset: option({
    flag: 'auth-loopback-reset',
    type: boolean(),
    default: true,
    help: 'Such connections may also reset.',
    key: 'auth.loopbackReset',
  }),
  authCompatibleReports: option({
    flag: 'auth-compatible-reports',
    type: boolean(),
    default: false,
    help: 'Accept the reports of existing sniffers, which send no token. Any pod that reaches the mapper can then add edges.',
    key: 'auth.compatibleReports',
  }),
  allowedHosts: option({
    flag: 'allowed-hosts',
    type: list(text('a host name')),
    default: [],
    help: 'Further names by which the mapper is asked (Host header), such as that of an Ingress.',
    key: 'auth.allowedHosts',
  }),
  podName: optional({
    flag: 'pod-name',
    type: text(),
    help: 'Name of the mapper’s own pod, to see whether a mesh sidecar makes every connection look local.',
  }),
};
