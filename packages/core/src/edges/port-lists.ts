import type { EdgePort, TransportProtocol } from '../model/edge.ts';
import type { EdgeUpdatePort } from '../model/edge-update.ts';
import type { ServiceRef } from '../model/peer.ts';
import type { Counted, EvidenceCells } from './evidence-cells.ts';
import { PairTable } from './pair-table.ts';
import { Records } from './records.ts';

const NONE = -1;
/* Words of a port. */
const NUMBER = 0;
const PROTOCOL = 1;
const SERVICE_PORT = 2;
const EVIDENCE = 3;
const NEXT = 4;
/** Of a list's newest port: how long the list is, or the complement of its number in the index. */
const LENGTH = 5;
const STRIDE = 6;
const PROTOCOLS: readonly TransportProtocol[] = ['TCP', 'UDP', 'SCTP', 'HBONE'];
/** Longer lists are not walked: whoever scans all ports of a server would make each of its calls cost 65,536 steps. */
const MAX_WALK = 32;

/** Tells ports apart by number and protocol; 0 for none. */
export function portKey(port: EdgeUpdatePort | undefined): number {
  return port === undefined ? 0 : ((port.port ?? NONE) + 2) * PROTOCOLS.length + PROTOCOLS.indexOf(port.protocol);
}

/** The server ports of edges with their evidence: the ports of one edge are a linked list. */
export class PortLists {
  private readonly ports = new Records(STRIDE);
  private readonly cells: EvidenceCells;
  private readonly services: (ServiceRef | undefined)[] = [];
  /** Newest port of a long list by the list's number and the port's key; older ones of the same key follow as twins. */
  private readonly index = new PairTable();
  private readonly twins = new Map<number, number>();
  private longLists = 0;

  constructor(cells: EvidenceCells) {
    this.cells = cells;
  }

  /** Adds counts to a port of the list that begins at `head` (-1: empty); returns the list's new head. */
  add(head: number, port: EdgeUpdatePort, tag: number, counted: Counted): number {
    const known = this.find(head, port);
    const place = known === NONE ? this.append(head, port) : known;
    const { words } = this.ports;
    words[place * STRIDE + EVIDENCE] = this.cells.add(words[place * STRIDE + EVIDENCE] as number, tag, counted);
    return known === NONE ? place : head;
  }

  /** Adds every port of one list to another; returns the other's new head. */
  absorb(head: number, from: number): number {
    let result = head;
    for (let port = from; port !== NONE; port = this.word(port, NEXT)) {
      const value = this.valueOf(port);
      let target = this.find(result, value);
      if (target === NONE) {
        target = this.append(result, value);
        result = target;
      }
      const evidence = this.cells.absorb(this.word(target, EVIDENCE), this.word(port, EVIDENCE));
      this.ports.words[target * STRIDE + EVIDENCE] = evidence;
    }
    return result;
  }

  toPorts(head: number): EdgePort[] {
    const ports: EdgePort[] = [];
    for (let port = head; port !== NONE; port = this.word(port, NEXT)) ports.push(this.toPort(port));
    return ports;
  }

  /** Whether a list's newest port has this number and protocol; an empty list, whether none is asked for. */
  startsWith(head: number, wanted: EdgeUpdatePort | undefined): boolean {
    if (head === NONE || wanted === undefined) return head === NONE && wanted === undefined;
    return this.word(head, NUMBER) === (wanted.port ?? NONE) && PROTOCOLS[this.word(head, PROTOCOL)] === wanted.protocol;
  }

  /** Number of a list's newest port, -1 when there is none. */
  numberOf(head: number): number {
    return head === NONE ? NONE : this.word(head, NUMBER);
  }

  /** Something that orders the protocols of two lists' newest ports. */
  protocolOf(head: number): number {
    return head === NONE ? NONE : this.word(head, PROTOCOL);
  }

  private find(head: number, wanted: EdgeUpdatePort): number {
    if (head === NONE) return NONE;
    const length = this.word(head, LENGTH);
    if (length < 0) {
      let port = this.index.get(~length, portKey(wanted));
      while (port !== NONE && !this.isSame(port, wanted)) port = this.twins.get(port) ?? NONE;
      return port;
    }
    for (let port = head; port !== NONE; port = this.word(port, NEXT)) if (this.isSame(port, wanted)) return port;
    return NONE;
  }

  private isSame(port: number, { port: number, protocol, service, servicePort }: EdgeUpdatePort): boolean {
    return (
      this.word(port, NUMBER) === (number ?? NONE) &&
      this.word(port, SERVICE_PORT) === (servicePort ?? NONE) &&
      PROTOCOLS[this.word(port, PROTOCOL)] === protocol &&
      isSameService(this.services[port], service)
    );
  }

  private append(head: number, { port: number, protocol, service, servicePort }: EdgeUpdatePort): number {
    const port = this.ports.add();
    const { words } = this.ports;
    const at = port * STRIDE;
    words[at + NUMBER] = number ?? NONE;
    words[at + PROTOCOL] = PROTOCOLS.indexOf(protocol);
    words[at + SERVICE_PORT] = servicePort ?? NONE;
    words[at + EVIDENCE] = NONE;
    words[at + NEXT] = head;
    this.services[port] = service;
    const length = head === NONE ? 0 : this.word(head, LENGTH);
    words[at + LENGTH] = length < 0 ? length : length + 1;
    if (length < 0) this.note(~length, port);
    else if (length === MAX_WALK) words[at + LENGTH] = this.noteAll(port);
    return port;
  }

  /** Puts a list that has become long into the index. */
  private noteAll(head: number): number {
    const list = this.longLists;
    this.longLists += 1;
    for (let port = head; port !== NONE; port = this.word(port, NEXT)) this.note(list, port);
    return ~list;
  }

  private note(list: number, port: number): void {
    const key = portKey(this.valueOf(port));
    const twin = this.index.get(list, key);
    if (twin !== NONE) this.twins.set(port, twin);
    this.index.set(list, key, port);
  }

  private valueOf(port: number): EdgeUpdatePort {
    const number = this.word(port, NUMBER);
    const servicePort = this.word(port, SERVICE_PORT);
    const service = this.services[port];
    return {
      ...(number === NONE ? {} : { port: number }),
      protocol: PROTOCOLS[this.word(port, PROTOCOL)] ?? 'TCP',
      ...(service === undefined ? {} : { service }),
      ...(servicePort === NONE ? {} : { servicePort }),
    };
  }

  /** The two usual shapes by themselves: this runs for every edge of a map. */
  private toPort(port: number): EdgePort {
    const number = this.word(port, NUMBER);
    const servicePort = this.word(port, SERVICE_PORT);
    const service = this.services[port];
    const protocol = PROTOCOLS[this.word(port, PROTOCOL)] ?? 'TCP';
    const evidence = this.cells.toEvidence(this.word(port, EVIDENCE));
    if (number === NONE || (service === undefined) !== (servicePort === NONE)) return { ...this.valueOf(port), evidence };
    return service === undefined ? { port: number, protocol, evidence } : { port: number, protocol, service, servicePort, evidence };
  }

  private word(port: number, word: number): number {
    return this.ports.words[port * STRIDE + word] as number;
  }
}

function isSameService(a: ServiceRef | undefined, b: ServiceRef | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.name === b.name && a.namespace === b.namespace);
}
