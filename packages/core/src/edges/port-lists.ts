import type { EdgePort, TransportProtocol } from '../model/edge.ts';
import type { EdgeUpdatePort } from '../model/edge-update.ts';
import type { ServiceRef } from '../model/peer.ts';
import type { Counted, EvidenceCells } from './evidence-cells.ts';
import { Records } from './records.ts';

const NONE = -1;
/* Words of a port. */
const NUMBER = 0;
const PROTOCOL = 1;
const SERVICE_PORT = 2;
const EVIDENCE = 3;
const NEXT = 4;
const STRIDE = 6;
const PROTOCOLS: readonly TransportProtocol[] = ['TCP', 'UDP', 'SCTP', 'HBONE'];

/** The server ports of edges with their evidence: the ports of one edge are a linked list. */
export class PortLists {
  private readonly ports = new Records(STRIDE);
  private readonly cells: EvidenceCells;
  private readonly services: (ServiceRef | undefined)[] = [];

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
    const number = wanted.port ?? NONE;
    const servicePort = wanted.servicePort ?? NONE;
    for (let port = head; port !== NONE; port = this.word(port, NEXT)) {
      const isSame =
        this.word(port, NUMBER) === number &&
        this.word(port, SERVICE_PORT) === servicePort &&
        PROTOCOLS[this.word(port, PROTOCOL)] === wanted.protocol;
      if (isSame && isSameService(this.services[port], wanted.service)) return port;
    }
    return NONE;
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
    return port;
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
