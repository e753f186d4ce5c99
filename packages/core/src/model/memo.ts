import type { TransportProtocol } from './edge.ts';

/** Connections noted beside one address or answer; a scan of ports asks for more. */
const MAX_FLOWS = 16;

interface FlowNote {
  readonly address: string;
  readonly port: number | undefined;
  readonly protocol: TransportProtocol;
  readonly askedAddress: string | undefined;
  readonly askedPort: number | undefined;
  readonly found: unknown;
}

/** In what state of the cluster something was found: an answer holds as long as all three are the same. */
export interface FoundWhen {
  readonly view: object;
  readonly generation: number;
  /** Stretch of time (cluster/time-epochs.ts). */
  readonly epoch: number;
}

/**
 * A place beside something that is observed again and again (an address, a DNS answer), in which the resolver notes what
 * it found, in a form of its own: asking again searches nothing. Offline a map is made of millions of such questions.
 */
export class Memo {
  private view: object | undefined = undefined;
  private generation = -1;
  private epoch = Number.NaN;
  private only: unknown = undefined;
  private flows: FlowNote[] | undefined = undefined;

  /** What was found for the address or the answer itself. */
  found(when: FoundWhen): unknown {
    return this.isFrom(when) ? this.only : undefined;
  }

  note<Found>(when: FoundWhen, found: Found): Found {
    this.begin(when);
    this.only = found;
    return found;
  }

  /** What was found for a connection to the address, or to one of the answer's addresses. */
  foundFlow(when: FoundWhen, flow: Omit<FlowNote, 'found'>): unknown {
    if (this.flows === undefined || !this.isFrom(when)) return undefined;
    for (const known of this.flows) {
      if (
        known.port === flow.port &&
        known.address === flow.address &&
        known.askedAddress === flow.askedAddress &&
        known.askedPort === flow.askedPort &&
        known.protocol === flow.protocol
      )
        return known.found;
    }
    return undefined;
  }

  noteFlow<Found>(when: FoundWhen, flow: Omit<FlowNote, 'found'>, found: Found): Found {
    this.begin(when);
    this.flows ??= [];
    if (this.flows.length < MAX_FLOWS) this.flows.push({ ...flow, found });
    return found;
  }

  private isFrom({ view, generation, epoch }: FoundWhen): boolean {
    return this.epoch === epoch && this.generation === generation && this.view === view;
  }

  private begin(when: FoundWhen): void {
    if (this.isFrom(when)) return;
    this.view = when.view;
    this.generation = when.generation;
    this.epoch = when.epoch;
    this.only = undefined;
    this.flows = undefined;
  }
}
