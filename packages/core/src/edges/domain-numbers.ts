import type { InternetPeer, Peer } from '../model/peer.ts';
import { MAX_NAMES_PER_DOMAIN, registrableDomain, wildcardPeer } from './domain-rule.ts';
import { PairTable } from './pair-table.ts';
import type { PeerTable } from './peer-table.ts';

const NONE = -1;

/** Rule 16 for peers that have numbers: counts each client's names per domain, without any text. */
export class DomainNumbers {
  collapsed = 0;
  private readonly peers: PeerTable;
  private readonly edges: PairTable;
  private readonly domains = new Map<string, number>();
  /** By the domain's number and whether it was public: the wildcard's number as a peer. */
  private readonly wildcards = new PairTable();
  private readonly names = new PairTable();

  /** @param edges edges by client and server. */
  constructor(peers: PeerTable, edges: PairTable) {
    this.peers = peers;
    this.edges = edges;
  }

  /**
   * Where a pair of peers belongs that is not known to have an edge: the server's number, or that of its domain's wildcard
   * when the client has edges to so many names of it that this one joins them. Names that get no edge get no number.
   * @param known the server's number, -1 when its caller knows none. @param knownDomain the same of `domainOf`.
   */
  limit(client: number, server: Peer, known: number, knownDomain: number): number {
    if (server.type !== 'internet' || server.domain === undefined || server.domain.startsWith('*.'))
      return known === NONE ? this.peers.idOf(server) : known;
    const domain = knownDomain === NONE ? this.domainOf(server.domain) : knownDomain;
    const count = Math.max(0, this.names.get(client, domain));
    if (count <= MAX_NAMES_PER_DOMAIN) {
      const number = known === NONE ? this.peers.find(server) : known;
      if (number !== NONE && this.edges.get(client, number) !== NONE) return number;
      // One more than allowed marks the domain as collapsed for this client.
      this.names.set(client, domain, count + 1);
      if (count < MAX_NAMES_PER_DOMAIN) return number === NONE ? this.peers.idOf(server) : number;
    }
    this.collapsed += 1;
    return this.wildcardOf(domain, server);
  }

  /** Number of a name's registrable domain. */
  domainOf(name: string): number {
    const domain = registrableDomain(name);
    let number = this.domains.get(domain);
    if (number === undefined) {
      number = this.domains.size;
      this.domains.set(domain, number);
    }
    return number;
  }

  private wildcardOf(domain: number, { domain: name = '', scope }: InternetPeer): number {
    const isPublic = scope === 'public' ? 1 : 0;
    const known = this.wildcards.get(domain, isPublic);
    if (known !== NONE) return known;
    // Also when the other scope's is known: one public name makes the wildcard public, whichever came first.
    const wildcard = this.peers.idOf(wildcardPeer(registrableDomain(name), scope));
    this.wildcards.set(domain, isPublic, wildcard);
    return wildcard;
  }
}
