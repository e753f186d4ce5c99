import type { Clock, Logger } from '@nm/core';
import { OptionError } from '@nm/runtime';
import type { TlsFiles } from '@nm/runtime';
import type { ClusterSource } from '../cluster/cluster-source.ts';
import type { MapperOptions } from '../mapper-options.ts';
import { createCertificateKeeper } from './certificate-keeper.ts';
import type { CertificateKeeper } from './certificate-keeper.ts';

const LOOK_INTERVAL_MS = 10 * 60_000;
const CA_KEY = 'ca.crt';
/** The listener reads a renewed certificate within this time. */
const RELOAD_MS = 30_000;

type TlsOptions = Pick<MapperOptions, 'tlsCert' | 'tlsKey' | 'tlsListen' | 'tlsOwn' | 'tlsNames' | 'tlsConfigMap'>;

/** Options of TLS that exclude one another; said before anything listens. @throws OptionError */
export function checkTls(options: TlsOptions): void {
  if ((options.tlsCert === undefined) !== (options.tlsKey === undefined)) {
    throw new OptionError('option_conflict', '--tls-cert and --tls-key go together');
  }
  if (options.tlsOwn !== undefined && options.tlsCert !== undefined) {
    throw new OptionError('option_conflict', '--tls-own makes a certificate, and --tls-cert names one: leave one of them out');
  }
  if (options.tlsConfigMap !== undefined && options.tlsOwn === undefined) {
    throw new OptionError('option_conflict', '--tls-config-map needs --tls-own: only an authority of its own is made known');
  }
  if (options.tlsListen !== undefined && options.tlsCert === undefined && options.tlsOwn === undefined) {
    throw new OptionError('option_conflict', '--tls-listen needs --tls-cert and --tls-key, or --tls-own');
  }
}

/** Undefined without --tls-own. @throws OptionError */
export function createOwnCertificate(
  deps: { readonly source: ClusterSource; readonly clock: Clock; readonly log: Logger },
  { tlsOwn, tlsNames, tlsConfigMap }: TlsOptions,
): CertificateKeeper | undefined {
  if (tlsOwn === undefined) return undefined;
  const { source, clock, log } = deps;
  const where = tlsConfigMap === undefined ? undefined : toConfigMapKey(tlsConfigMap);
  const { editConfigMap } = source;
  if (where !== undefined && editConfigMap === undefined) {
    throw new OptionError('option_conflict', '--tls-config-map needs an API server, and --kube reads a dump');
  }
  return createCertificateKeeper(
    {
      clock,
      log,
      ...(where !== undefined && editConfigMap !== undefined && { publish: (merge) => editConfigMap(where, merge) }),
    },
    { folder: tlsOwn, names: tlsNames, intervalMs: LOOK_INTERVAL_MS },
  );
}

/** What the listeners serve with; empty without TLS. */
export function toTlsFiles({ tlsCert, tlsKey }: TlsOptions, own: CertificateKeeper | undefined): { readonly tls?: TlsFiles } {
  if (own !== undefined) return { tls: { certFile: own.file, keyFile: own.file, reloadMs: RELOAD_MS } };
  return tlsCert === undefined || tlsKey === undefined ? {} : { tls: { certFile: tlsCert, keyFile: tlsKey } };
}

function toConfigMapKey(text: string): { readonly namespace: string; readonly name: string; readonly key: string } {
  const match = /^([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})$/.exec(text);
  if (match === null) throw new OptionError('option_invalid', `--tls-config-map: ${text} is not namespace/name`);
  return { namespace: match[1] ?? '', name: match[2] ?? '', key: CA_KEY };
}
