import { list, listenAddress, option, optional, text } from '@nm/runtime';

/** The listeners' certificate. */
export const TLS_OPTIONS = {
  tlsCert: optional({
    flag: 'tls-cert',
    type: text('a PEM file'),
    help: 'Certificate of the listener; read again when it changes.',
    key: 'tls.cert',
  }),
  tlsListen: optional({
    flag: 'tls-listen',
    type: listenAddress(),
    help: 'A second address, with TLS. --listen is then without, which a port-forward to 127.0.0.1 needs.',
    key: 'tls.listen',
  }),
  tlsOwn: optional({
    flag: 'tls-own',
    type: text('a folder'),
    help: 'Instead of --tls-cert and --tls-key: the mapper makes an authority and a certificate, keeps them here, and renews them before they end.',
    key: 'tls.own',
  }),
  tlsNames: option({
    flag: 'tls-names',
    type: list(text('a host name')),
    default: ['localhost'],
    help: 'With --tls-own: names by which reporters reach the mapper.',
    key: 'tls.names',
  }),
  tlsConfigMap: optional({
    flag: 'tls-config-map',
    type: text('namespace/name'),
    help: 'With --tls-own: ConfigMap in whose ca.crt the authority is made known to reporters. It must exist.',
    key: 'tls.configMap',
  }),
  tlsKey: optional({ flag: 'tls-key', type: text('a PEM file'), help: 'Key of the certificate.', key: 'tls.key' }),
};
