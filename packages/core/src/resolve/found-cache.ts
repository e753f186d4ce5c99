import type { ClusterView } from '../cluster/cluster-view.ts';
import type { TransportProtocol } from '../model/edge.ts';
import type { Found } from './resolution.ts';

/** Answers that are kept; all go when there are more. */
export const MAX_KEPT_ANSWERS = 32_768;
/** Answers kept for one address and name: a scan of all ports of an address asks as many questions. */
const MAX_FLOWS_OF_A_NAME = 16;

/** What a client did besides connecting to an address: how it got the address, and where it sent the packet itself. */
export interface FlowQuestion {
  readonly address: string;
  readonly port: number | undefined;
  readonly protocol: TransportProtocol;
  readonly name: string | undefined;
  readonly canonicalName: string | undefined;
  readonly asked: { readonly address: string; readonly port: number } | undefined;
}

interface KeptFlow {
  readonly question: FlowQuestion;
  epoch: number;
  found: Found;
}

interface Kept {
  epoch: number;
  name: string;
  canonicalName: string | undefined;
  found: Found;
}

/**
 * Keeps what a question was answered as long as nothing of the cluster's history lies between two times of asking.
 * Keys are what callers have at hand (an address and a number, the list of an answer's addresses), so that asking
 * again builds no text.
 */
export class FoundCache {
  private readonly view: ClusterView;
  private readonly byAddress = new Map<string, Map<number | string, Kept>>();
  /** By address and name; what differs besides is few. */
  private readonly flows = new Map<string, Map<string | undefined, KeptFlow[]>>();
  private readonly sources = new Map<string, Kept>();
  private readonly byAnswer = new Map<readonly string[], Kept>();
  /** The last answer of each name, for callers whose lists are new every time (decoded reports). */
  private readonly byName = new Map<string, Kept & { readonly addresses: readonly string[] }>();
  private generation = -1;
  private size = 0;

  constructor(view: ClusterView) {
    this.view = view;
  }

  /** @param question anything that, with the address, makes the question. */
  ofAddress(address: string, question: number | string, at: number, answer: () => Found): Found {
    const epoch = this.epoch(at);
    let questions = this.byAddress.get(address);
    const known = questions?.get(question);
    if (known !== undefined && known.epoch === epoch) return known.found;
    const found = answer();
    if (questions === undefined) {
      questions = new Map();
      this.byAddress.set(address, questions);
    }
    questions.set(question, { epoch, name: '', canonicalName: undefined, found });
    this.size += 1;
    return found;
  }

  ofFlow(question: FlowQuestion, at: number, answer: () => Found): Found {
    const epoch = this.epoch(at);
    let named = this.flows.get(question.address);
    if (named === undefined) {
      named = new Map();
      this.flows.set(question.address, named);
    }
    let kept = named.get(question.name);
    if (kept === undefined) {
      kept = [];
      named.set(question.name, kept);
    }
    for (const flow of kept) {
      if (!isSameFlow(flow.question, question)) continue;
      if (flow.epoch !== epoch) {
        flow.found = answer();
        flow.epoch = epoch;
      }
      return flow.found;
    }
    const found = answer();
    this.size += 1;
    if (kept.length < MAX_FLOWS_OF_A_NAME) kept.push({ question, epoch, found });
    return found;
  }

  ofSource(address: string, at: number, answer: () => Found): Found {
    const epoch = this.epoch(at);
    const known = this.sources.get(address);
    if (known !== undefined && known.epoch === epoch) return known.found;
    const found = answer();
    this.sources.set(address, { epoch, name: '', canonicalName: undefined, found });
    this.size += 1;
    return found;
  }

  ofName(name: string, canonicalName: string | undefined, addresses: readonly string[], at: number, answer: () => Found): Found {
    const epoch = this.epoch(at);
    const known = this.byAnswer.get(addresses);
    if (known !== undefined && known.epoch === epoch && known.name === name && known.canonicalName === canonicalName) return known.found;
    const last = this.byName.get(name);
    if (last !== undefined && last.epoch === epoch && last.canonicalName === canonicalName && isSameList(last.addresses, addresses))
      return last.found;
    const found = answer();
    const kept = { epoch, name, canonicalName, addresses, found };
    this.byAnswer.set(addresses, kept);
    this.byName.set(name, kept);
    this.size += 2;
    return found;
  }

  private epoch(at: number): number {
    const { view } = this;
    if (view.generation !== this.generation || this.size > MAX_KEPT_ANSWERS) {
      this.byAddress.clear();
      this.flows.clear();
      this.sources.clear();
      this.byAnswer.clear();
      this.byName.clear();
      this.size = 0;
      this.generation = view.generation;
    }
    return view.epochs.epochOf(at);
  }
}

function isSameFlow(a: FlowQuestion, b: FlowQuestion): boolean {
  return (
    a.port === b.port &&
    a.protocol === b.protocol &&
    a.canonicalName === b.canonicalName &&
    a.asked?.address === b.asked?.address &&
    a.asked?.port === b.asked?.port
  );
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
