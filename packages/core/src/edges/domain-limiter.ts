import type { EdgeUpdate } from '../model/edge-update.ts';
import type { InternetPeer } from '../model/peer.ts';
import { peerKey } from '../model/peer.ts';

/** Rule 16: so many names of one client under one registrable domain stay apart; more become `*.domain`. */
export const MAX_NAMES_PER_DOMAIN = 100;

/** Second-level labels under which countries register names (`example.co.uk`). A short list: an error only groups less. */
const REGISTRY_LABELS = new Set(['ac', 'co', 'com', 'edu', 'go', 'gob', 'gov', 'gouv', 'mil', 'ne', 'net', 'nom', 'or', 'org']);

export interface DomainLimiter {
  /** The update itself, or one whose server is the wildcard of its domain (without the addresses). */
  limit(update: EdgeUpdate): EdgeUpdate;
  /** Names that were replaced by their domain's wildcard. */
  readonly collapsed: number;
}

/** @param maxEntries (client, domain) pairs that are counted; the oldest is forgotten first. */
export function createDomainLimiter(maxEntries = 50_000): DomainLimiter {
  const names = new Map<string, Set<string>>();
  const wildcards = new Map<string, InternetPeer>();
  let collapsed = 0;
  /** One object per wildcard: who keeps edges recognises it without comparing text. */
  const wildcardOf = (domain: string, scope: InternetPeer['scope']): InternetPeer => {
    const key = `${scope} ${domain}`;
    let wildcard = wildcards.get(key);
    if (wildcard === undefined) {
      if (wildcards.size >= maxEntries) wildcards.clear();
      wildcard = { type: 'internet', domain: `*.${domain}`, scope };
      wildcards.set(key, wildcard);
    }
    return wildcard;
  };
  return {
    get collapsed() {
      return collapsed;
    },
    limit(update) {
      const { server } = update;
      if (server.type !== 'internet' || server.domain === undefined || server.domain.startsWith('*.')) return update;
      const domain = registrableDomain(server.domain);
      const key = `${peerKey(update.client)}>${domain}`;
      let seen = names.get(key);
      if (seen === undefined) {
        seen = new Set();
        names.set(key, seen);
        if (names.size > maxEntries) names.delete(names.keys().next().value ?? '');
      }
      const isOver = seen.size > MAX_NAMES_PER_DOMAIN || (seen.size === MAX_NAMES_PER_DOMAIN && !seen.has(server.domain));
      if (!isOver) {
        seen.add(server.domain);
        return update;
      }
      // One more than allowed marks the domain as collapsed for this client.
      if (seen.size === MAX_NAMES_PER_DOMAIN) seen.add(server.domain);
      collapsed += 1;
      return { ...update, server: wildcardOf(domain, server.scope) };
    },
  };
}

/** `a.b.example.com` → `example.com`, `a.example.co.uk` → `example.co.uk`. */
export function registrableDomain(name: string): string {
  const top = name.lastIndexOf('.');
  const second = name.lastIndexOf('.', top - 1);
  if (top <= 0 || second < 0) return name;
  const isRegistry = name.length - top === 3 && REGISTRY_LABELS.has(name.slice(second + 1, top));
  return isRegistry ? name.slice(name.lastIndexOf('.', second - 1) + 1) : name.slice(second + 1);
}
