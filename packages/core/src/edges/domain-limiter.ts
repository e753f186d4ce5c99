import type { EdgeUpdate } from '../model/edge-update.ts';
import type { InternetPeer, Peer } from '../model/peer.ts';
import { peerKey } from '../model/peer.ts';

/** Rule 16: so many names of one client under one registrable domain stay apart; more become `*.domain`. */
export const MAX_NAMES_PER_DOMAIN = 100;

/** Objects and names that are recognised without comparing text; all go when there are more. */
const MAX_KNOWN_OBJECTS = 16_384;

/** Second-level labels under which countries register names (`example.co.uk`). A short list: an error only groups less. */
const REGISTRY_LABELS = new Set(['ac', 'co', 'com', 'edu', 'go', 'gob', 'gov', 'gouv', 'mil', 'ne', 'net', 'nom', 'or', 'org']);

export interface DomainLimiter {
  /** The server itself, or the wildcard of its domain (without addresses) when the client has seen too many names of it. */
  serverOf(client: Peer, server: Peer): Peer;
  /** The update itself, or one whose server is such a wildcard. */
  limit(update: EdgeUpdate): EdgeUpdate;
  /** Names that were replaced by their domain's wildcard. */
  readonly collapsed: number;
}

/** @param maxEntries (client, domain) pairs that are counted; the oldest is forgotten first. */
export function createDomainLimiter(maxEntries = 50_000): DomainLimiter {
  return new Limiter(maxEntries);
}

class Limiter implements DomainLimiter {
  collapsed = 0;
  private readonly maxEntries: number;
  private readonly names = new Map<string, Set<string>>();
  /** The same sets by the client's object, which resolution gives again and again: found without building text. */
  private readonly byClient = new Map<Peer, Map<string, Set<string>>>();
  private readonly domains = new Map<string, string>();
  private readonly wildcards = new Map<string, InternetPeer>();

  constructor(maxEntries: number) {
    this.maxEntries = maxEntries;
  }

  serverOf(client: Peer, server: Peer): Peer {
    if (server.type !== 'internet' || server.domain === undefined || server.domain.startsWith('*.')) return server;
    const domain = this.domainOf(server.domain);
    const seen = this.namesOf(client, domain);
    const isOver = seen.size > MAX_NAMES_PER_DOMAIN || (seen.size === MAX_NAMES_PER_DOMAIN && !seen.has(server.domain));
    if (!isOver) {
      seen.add(server.domain);
      return server;
    }
    // One more than allowed marks the domain as collapsed for this client.
    if (seen.size === MAX_NAMES_PER_DOMAIN) seen.add(server.domain);
    this.collapsed += 1;
    return this.wildcardOf(domain, server.scope);
  }

  limit(update: EdgeUpdate): EdgeUpdate {
    const server = this.serverOf(update.client, update.server);
    return server === update.server ? update : { ...update, server };
  }

  private namesOf(client: Peer, domain: string): Set<string> {
    const known = this.byClient.get(client)?.get(domain);
    if (known !== undefined) return known;
    const key = `${peerKey(client)}>${domain}`;
    let seen = this.names.get(key);
    if (seen === undefined) {
      seen = new Set();
      this.names.set(key, seen);
      if (this.names.size > this.maxEntries) {
        this.names.delete(this.names.keys().next().value ?? '');
        this.byClient.clear();
      }
    }
    if (this.byClient.size >= MAX_KNOWN_OBJECTS) this.byClient.clear();
    const domains = this.byClient.get(client);
    if (domains === undefined) this.byClient.set(client, new Map([[domain, seen]]));
    else domains.set(domain, seen);
    return seen;
  }

  private domainOf(name: string): string {
    let domain = this.domains.get(name);
    if (domain === undefined) {
      if (this.domains.size >= MAX_KNOWN_OBJECTS) this.domains.clear();
      domain = registrableDomain(name);
      this.domains.set(name, domain);
    }
    return domain;
  }

  /** One object per wildcard: who keeps edges recognises it without comparing text. */
  private wildcardOf(domain: string, scope: InternetPeer['scope']): InternetPeer {
    const key = scope === 'private' ? `private ${domain}` : domain;
    let wildcard = this.wildcards.get(key);
    if (wildcard === undefined) {
      if (this.wildcards.size >= this.maxEntries) this.wildcards.clear();
      wildcard = { type: 'internet', domain: `*.${domain}`, scope };
      this.wildcards.set(key, wildcard);
    }
    return wildcard;
  }
}

/** `a.b.example.com` → `example.com`, `a.example.co.uk` → `example.co.uk`. */
export function registrableDomain(name: string): string {
  const top = name.lastIndexOf('.');
  const second = name.lastIndexOf('.', top - 1);
  if (top <= 0 || second < 0) return name;
  const isRegistry = name.length - top === 3 && REGISTRY_LABELS.has(name.slice(second + 1, top));
  return isRegistry ? name.slice(name.lastIndexOf('.', second - 1) + 1) : name.slice(second + 1);
}
