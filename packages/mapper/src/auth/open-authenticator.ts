import type { Authenticator, Identity } from './identity.ts';

const EVERYBODY: Identity = { name: 'anybody', permissions: new Set(['read', 'reset', 'report', 'compatibleReport']) };

/** Everybody may do everything: `--auth none`. */
export function createOpenAuthenticator(): Authenticator {
  return { authenticate: () => Promise.resolve(EVERYBODY) };
}
