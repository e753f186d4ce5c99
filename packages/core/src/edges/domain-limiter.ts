import type { EdgeUpdate } from '../model/edge-update.ts';
import type { InternetPeer } from '../model/peer.ts';
import { peerKey } from '../model/peer.ts';

/** Rule 16: so many names of one client under one registrable domain stay apart; more become `*.domain`. */
export const MAX_NAMES_PER_DOMAIN = 100;

/** Second-level labels under which countries register names (`example.co.uk`). A short list: an error only groups less. */
const REGISTRY_LABELS = new Set(['ac', 'co', 'com', 'edu', 'go', 'gob', 'gov', 'gouv', 'mil', 'ne', 'net', 'nom', 'or', 'org']);

export interface DomainLimiter {
  /** The update itself, or one whose server is the wildcard of its domain. */
  limit(update: EdgeUpdate): EdgeUpdate;
  /** Names that were replaced by their domain's wildcard. */
  readonly collapsed: number;
}

/** @param maxEntries (client, domain) pairs that are counted; the oldest is forgotten first. */
export function createDomainLimiter(maxEntries = 50_000): DomainLimiter {
  const names = new Map<string, Set<string>>();
  let collapsed = 0;
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
      if (seen.has(server.domain)) return seen.size > MAX_NAMES_PER_DOMAIN ? { ...update, server: wildcard(server, domain) } : update;
      if (seen.size <= MAX_NAMES_PER_DOMAIN) seen.add(server.domain);
      if (seen.size <= MAX_NAMES_PER_DOMAIN) return update;
      collapsed += 1;
      return { ...update, server: wildcard(server, domain) };
    },
  };
}

/** `a.b.example.com` → `example.com`, `a.example.co.uk` → `example.co.uk`. */
export function registrableDomain(name: string): string {
  const labels = name.split('.');
  const [top = '', second = ''] = [labels.at(-1), labels.at(-2)];
  const keep = top.length === 2 && REGISTRY_LABELS.has(second) ? 3 : 2;
  return labels.slice(-keep).join('.');
}

function wildcard(server: InternetPeer, domain: string): InternetPeer {
  return { ...server, domain: `*.${domain}` };
}
