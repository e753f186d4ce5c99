import { AppError } from '@nm/core';

export const AUTH_ERRORS = {
  AUTH_MISSING: 'The request carries no token and does not come from the mapper’s own pod. HTTP 401.',
  AUTH_INVALID: 'The token is not accepted by the Kubernetes API for this audience. HTTP 401.',
  AUTH_FORBIDDEN: 'The identity is known and has no right to do this. HTTP 403.',
  AUTH_UNAVAILABLE: 'The Kubernetes API cannot be asked about the token now. HTTP 503; try again.',
} as const;

export type AuthErrorCode = keyof typeof AUTH_ERRORS;

export class AuthError extends AppError<AuthErrorCode> {}

export type Permission = 'read' | 'reset' | 'report' | 'compatibleReport';

/** Who asks, as far as it was proven. */
export interface Identity {
  /** For logs: `system:serviceaccount:ns:name`, `loopback`, `anonymous`. */
  readonly name: string;
  readonly permissions: ReadonlySet<Permission>;
  /** The only node that it may report for; null: for no node. Absent: for any. */
  readonly node?: string | null;
}

/** What authentication may look at. */
export interface Credentials {
  /** Of the TCP connection. */
  readonly remoteAddress: string | undefined;
  /** The header `Authorization`. */
  readonly authorization: string | undefined;
  /** A proxy stands between: the connection says nothing about who asks. */
  readonly isForwarded: boolean;
}

/** Tells who asks; throws AuthError when a token is shown that is not accepted. */
export interface Authenticator {
  authenticate(credentials: Credentials): Promise<Identity>;
}

/** Throws AuthError unless `identity` has the permission. */
export function requirePermission(identity: Identity, permission: Permission): void {
  if (identity.permissions.has(permission)) return;
  if (identity.name === ANONYMOUS) {
    throw new AuthError('AUTH_MISSING', `a token is needed to ${WORDS[permission]}: send Authorization: Bearer TOKEN`);
  }
  throw new AuthError('AUTH_FORBIDDEN', `${identity.name} may not ${WORDS[permission]}`);
}

/** Throws AuthError unless `identity` may report what was seen on `node`. */
export function requireNode(identity: Identity, node: string | undefined): void {
  if (identity.node === undefined || (identity.node ?? undefined) === node) return;
  const bound = identity.node === null ? 'is no sniffer' : `runs on node ${identity.node === '' ? '(unknown)' : identity.node}`;
  throw new AuthError(
    'AUTH_FORBIDDEN',
    `${identity.name} ${bound} and may not report for ${node === undefined ? 'no node' : `node ${node}`}`,
  );
}

export const ANONYMOUS = 'anonymous';

const WORDS: Readonly<Record<Permission, string>> = {
  read: 'read the map',
  reset: 'reset the map',
  report: 'report',
  compatibleReport: 'report',
};
