import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { Clock } from '@nm/core';
import { signServerCertificate } from '@nm/runtime/certificates';
import type { KeyPair } from '@nm/runtime/certificates';

const HOST_VALID_MS = 24 * 3_600_000;

export interface CertificateAuthority {
  /** PEM of the authority's own certificate. */
  readonly cert: string;
  /** A context for a host, from the cache or newly signed. */
  contextFor(host: string): Promise<SecureContext>;
  readonly size: number;
}

/** Signs certificates for hosts as they are asked for; at most `maxHosts` are kept, each renewed after half its time. */
export function createCertificateAuthority(
  deps: { readonly clock: Clock },
  options: { readonly authority: KeyPair; readonly maxHosts: number },
): CertificateAuthority {
  const contexts = new Map<string, { readonly until: number; readonly context: Promise<SecureContext> }>();

  async function sign(host: string): Promise<SecureContext> {
    const { cert, key } = await signServerCertificate(options.authority, [host], deps.clock, HOST_VALID_MS);
    return createSecureContext({ cert: `${cert}\n${options.authority.cert}`, key, minVersion: 'TLSv1.2' });
  }

  return {
    cert: options.authority.cert,
    get size(): number {
      return contexts.size;
    },
    contextFor(host): Promise<SecureContext> {
      const known = contexts.get(host);
      contexts.delete(host);
      const entry =
        known !== undefined && known.until > deps.clock.now()
          ? known
          : { until: deps.clock.now() + HOST_VALID_MS / 2, context: sign(host) };
      contexts.set(host, entry);
      if (contexts.size > options.maxHosts) {
        const [oldest] = contexts.keys();
        if (oldest !== undefined) contexts.delete(oldest);
      }
      entry.context.catch(() => contexts.delete(host));
      return entry.context;
    },
  };
}
