import { X509Certificate } from 'node:crypto';

/** Certificates of a bundle that are kept; the ones that end last stay. */
const MAX_CERTIFICATES = 20;
const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/**
 * Authorities that reporters trust: those there are (other replicas', older ones) and ours, without those that ended;
 * each once, the one that ends last first.
 */
export function mergeBundle(known: string, own: readonly string[], now: number): string {
  const ends = new Map<string, number>();
  for (const block of [...(known.match(BLOCK) ?? []), ...own]) {
    const end = endOf(block);
    if (end !== undefined && end > now) ends.set(block.trim(), end);
  }
  return [...ends]
    .toSorted(([a, endA], [b, endB]) => endB - endA || (a < b ? -1 : 1))
    .slice(0, MAX_CERTIFICATES)
    .map(([block]) => `${block}\n`)
    .join('');
}

/** When a certificate (PEM) ends, ms since the Unix epoch; undefined for what is none. */
export function endOf(pem: string): number | undefined {
  try {
    return new X509Certificate(pem).validToDate.getTime();
  } catch {
    return undefined;
  }
}
