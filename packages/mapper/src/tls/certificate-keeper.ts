import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { AppError } from '@nm/core';
import type { Clock, Logger } from '@nm/core';
import type { Startable } from '@nm/runtime';
import type { KeyPair } from '@nm/runtime/certificates';
import { mergeBundle } from './ca-bundle.ts';

export const CERTIFICATE_ERRORS = {
  certificate_folder: 'The folder of --tls-own cannot be written, or what is in it is not ours. The message says why.',
} as const;

export interface CertificateKeeperDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Makes authorities known to reporters: `merge` gets the bundle that they have. Absent: only the folder's ca.crt. */
  readonly publish?: (merge: (bundle: string) => string) => Promise<void>;
}

export interface CertificateKeeperOptions {
  /** Keeps the keys; a local volume of the pod. */
  readonly folder: string;
  /** Names by which reporters reach the mapper. */
  readonly names: readonly string[];
  readonly intervalMs: number;
}

export interface CertificateKeeper extends Startable {
  /** PEM file with the certificate, its authority and the key; replaced in one step. */
  readonly file: string;
  /** Renews what is due and publishes; runs by itself every `intervalMs`. */
  look(): Promise<void>;
}

const DAY_MS = 86_400_000;
export const CERTIFICATE_TIMES = {
  authorityMs: 365 * DAY_MS,
  serverMs: 30 * DAY_MS,
  /** A new authority signs after this time: until then reporters have read it. Kubelets bring it within two minutes. */
  settleMs: 3_600_000,
} as const;
/** Renewed when less than this part of the time is left. */
const RENEW_SHARE = 1 / 3;

interface Authority extends KeyPair {
  /** ms since the Unix epoch. */
  readonly madeAt: number;
  readonly endsAt: number;
}

/**
 * The mapper's own authority and certificate: made, renewed before their end, announced before they are used. The keys
 * never leave the folder.
 */
export function createCertificateKeeper(deps: CertificateKeeperDeps, options: CertificateKeeperOptions): CertificateKeeper {
  const { clock, log, publish } = deps;
  const paths = {
    server: join(options.folder, 'tls.pem'),
    authorities: join(options.folder, 'authorities.json'),
    ca: join(options.folder, 'ca.crt'),
  };
  let authorities: readonly Authority[] = [];
  let server: { readonly endsAt: number; readonly signer: string } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  /** The newest of those that reporters know by now; at the very first, the only one. */
  function signerAt(now: number): Authority | undefined {
    return authorities.findLast(({ madeAt }) => now - madeAt >= CERTIFICATE_TIMES.settleMs) ?? authorities[0];
  }

  async function renewAuthority(now: number): Promise<void> {
    const living = authorities.filter(({ endsAt }) => endsAt > now);
    const newest = living.at(-1);
    if (newest !== undefined && newest.endsAt - now > CERTIFICATE_TIMES.authorityMs * RENEW_SHARE) {
      authorities = living;
      return;
    }
    const { createAuthorityKeyPair } = await import('@nm/runtime/certificates');
    const pair = await createAuthorityKeyPair(clock, 'network-mapper', CERTIFICATE_TIMES.authorityMs);
    authorities = [...living, { ...pair, madeAt: now, endsAt: now + CERTIFICATE_TIMES.authorityMs }];
    await replaceFile(paths.authorities, JSON.stringify(authorities));
    log.info('authority made', { endsAt: new Date(now + CERTIFICATE_TIMES.authorityMs).toISOString(), known: authorities.length });
  }

  async function renewServer(now: number): Promise<void> {
    const signer = signerAt(now);
    if (signer === undefined) return;
    if (server !== undefined && server.signer === signer.cert && server.endsAt - now > CERTIFICATE_TIMES.serverMs * RENEW_SHARE) return;
    const { signServerCertificate } = await import('@nm/runtime/certificates');
    const made = await signServerCertificate(signer, options.names, clock, CERTIFICATE_TIMES.serverMs);
    await replaceFile(paths.server, `${made.cert}\n${signer.cert}\n${made.key}\n`);
    server = { endsAt: Math.min(now + CERTIFICATE_TIMES.serverMs, signer.endsAt), signer: signer.cert };
    log.info('certificate made', { names: options.names, endsAt: new Date(server.endsAt).toISOString() });
  }

  async function announce(now: number): Promise<void> {
    const own = authorities.map(({ cert }) => cert);
    await replaceFile(paths.ca, mergeBundle('', own, now));
    await publish?.((bundle) => mergeBundle(bundle, own, now));
  }

  async function look(): Promise<void> {
    const now = clock.now();
    await renewAuthority(now);
    await renewServer(now);
    await announce(now);
  }

  return {
    file: paths.server,
    look,
    async start() {
      try {
        await mkdir(options.folder, { recursive: true, mode: 0o700 });
        authorities = await loadAuthorities(paths.authorities);
        await renewAuthority(clock.now());
        await renewServer(clock.now());
      } catch (cause) {
        throw new AppError('certificate_folder', `cannot keep a certificate in ${options.folder}: ${(cause as Error).message}`, { cause });
      }
      const again = (): Promise<void> =>
        look().catch((error: unknown) => log.warn('certificate not renewed or not published', { error: (error as Error).message }));
      // Reporters that cannot read the authority yet keep what they have: no reason not to start.
      await again();
      timer = setInterval(() => {
        running = running.then(again);
      }, options.intervalMs).unref();
    },
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

async function loadAuthorities(path: string): Promise<readonly Authority[]> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return [];
  const found: unknown = JSON.parse(text);
  if (!Array.isArray(found) || !found.every(isAuthority)) throw new Error(`${path} was not written by this program; remove it`);
  return found;
}

function isAuthority(value: unknown): value is Authority {
  const { cert, key, madeAt, endsAt } = (value ?? {}) as Partial<Authority>;
  return (
    typeof cert === 'string' &&
    typeof key === 'string' &&
    typeof madeAt === 'number' &&
    typeof endsAt === 'number' &&
    new X509Certificate(cert).ca
  );
}

/** In one step, so that nobody reads half of it; for the owner alone, because of the keys. */
async function replaceFile(path: string, text: string): Promise<void> {
  const partial = `${path}.partial`;
  // Made anew: what lies there already, such as a link, would keep its rights.
  await rm(partial, { force: true });
  await writeFile(partial, text, { mode: 0o600, flag: 'wx' });
  await rename(partial, path);
}
