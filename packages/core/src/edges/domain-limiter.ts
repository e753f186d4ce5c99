import type { EdgeUpdate } from '../model/edge-update.ts';
import type { InternetPeer, Peer } from '../model/peer.ts';
import { peerKey } from '../model/peer.ts';
import { MAX_NAMES_PER_DOMAIN, registrableDomain, wildcardPeer } from './domain-rule.ts';

/** Objects and names that are recognised without comparing text; all go when there are more. */
const MAX_KNOWN_OBJECTS = 16_384;

export interface DomainLimiter {
  /** The server itself, or the wildcard of its domain (without addresses) when the client has seen too many names of it. */
  serverOf(client: Peer, server: Peer): Peer;
  /** The update itself, or one whose server is such a wildcard. */
  limit(update: EdgeUpdate): EdgeUpdate;
  /** Names that were replaced by their domain's wildcard. */
  readonly collapsed: number;
  /** Forgets all names: they count anew. */
  reset(): void;
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
    // One name more than allowed marks the domain as collapsed for this client.
    if (seen.size <= MAX_NAMES_PER_DOMAIN) seen.add(server.domain);
    if (seen.size <= MAX_NAMES_PER_DOMAIN) return server;
    this.collapsed += 1;
    return this.wildcardOf(domain, server.scope);
  }

  reset(): void {
    this.names.clear();
    this.byClient.clear();
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
      wildcard = wildcardPeer(domain, scope);
      this.wildcards.set(key, wildcard);
    }
    return wildcard;
  }
}
