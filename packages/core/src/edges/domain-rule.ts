import type { InternetPeer } from '../model/peer.ts';

/*
 * Rule 16, in one place: a client's names under one registrable domain stay apart while there are at most so many; one
 * more, and they are all `*.domain`. Two memories count them: domain-limiter.ts in a process that runs for months, where
 * the oldest is forgotten, and domain-numbers.ts beside the edges of one map, without any text.
 */

export const MAX_NAMES_PER_DOMAIN = 100;

/** Second-level labels under which countries register names (`example.co.uk`). A short list: an error only groups less. */
const REGISTRY_LABELS = new Set(['ac', 'co', 'com', 'edu', 'go', 'gob', 'gov', 'gouv', 'mil', 'ne', 'net', 'nom', 'or', 'org']);

/** `a.b.example.com` → `example.com`, `a.example.co.uk` → `example.co.uk`. */
export function registrableDomain(name: string): string {
  const top = name.lastIndexOf('.');
  const second = name.lastIndexOf('.', top - 1);
  if (top <= 0 || second < 0) return name;
  const isRegistry = name.length - top === 3 && REGISTRY_LABELS.has(name.slice(second + 1, top));
  return isRegistry ? name.slice(name.lastIndexOf('.', second - 1) + 1) : name.slice(second + 1);
}

/** Who stands for all names of a registrable domain. */
export function wildcardPeer(domain: string, scope: InternetPeer['scope']): InternetPeer {
  return { type: 'internet', domain: `*.${domain}`, scope };
}
