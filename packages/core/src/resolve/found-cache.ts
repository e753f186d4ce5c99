import { Generations } from '../bounded/generations.ts';
import type { ClusterView } from '../cluster/cluster-view.ts';
import type { TransportProtocol } from '../model/edge.ts';
import type { Found } from './resolution.ts';

/** Answers kept of each kind, about 200 bytes each; of those kept by one key up to twice as many. */
export const MAX_KEPT_ANSWERS = 16_384;
/** Answers kept for one address and name: a scan of all ports of an address asks as many questions. */
const MAX_FLOWS_OF_A_NAME = 16;
/** Answers kept for one name: with and without alias, of both address families. */
const MAX_ANSWERS_OF_A_NAME = 4;

/** What a client did besides connecting to an address: how it got the address, and where it sent the packet itself. */
export interface FlowQuestion {
  readonly address: string;
  readonly port: number | undefined;
  readonly protocol: TransportProtocol;
  readonly name: string | undefined;
  readonly canonicalName: string | undefined;
  readonly asked: { readonly address: string; readonly port: number } | undefined;
}

interface KeptFlow extends Kept {
  readonly question: FlowQuestion;
}

interface Kept {
  epoch: number;
  found: Found;
}

interface KeptAnswer extends Kept {
  readonly name: string;
  readonly canonicalName: string | undefined;
  readonly addresses: readonly string[];
}

/**
 * Keeps what a question was answered as long as nothing of the cluster's history lies between two times of asking.
 * Keys are what callers have at hand (an address and a number, the list of an answer's addresses), so that asking
 * again builds no text.
 */
export class FoundCache {
  private readonly view: ClusterView;
  private readonly byAddress = new Map<string, Map<number, Kept>>();
  private addressQuestions = 0;
  /** By address and name; what differs besides is few. */
  private readonly flows = new Map<string, Map<string | undefined, KeptFlow[]>>();
  private flowQuestions = 0;
  private readonly sources = new Generations<string, Kept>(MAX_KEPT_ANSWERS);
  private readonly byAnswer = new Generations<readonly string[], KeptAnswer>(MAX_KEPT_ANSWERS);
  /** For callers whose lists are new every time (decoded reports). */
  private readonly byName = new Generations<string, KeptAnswer[]>(MAX_KEPT_ANSWERS / MAX_ANSWERS_OF_A_NAME);
  private generation = -1;

  constructor(view: ClusterView) {
    this.view = view;
  }

  /** @param question a number that, with the address, makes the question. */
  ofAddress(address: string, question: number, at: number, answer: () => Found): Found {
    const epoch = this.epoch(at);
    let questions = this.byAddress.get(address);
    const known = questions?.get(question);
    if (known !== undefined) return refreshed(known, epoch, answer);
    const kept = { epoch, found: answer() };
    if (this.addressQuestions >= MAX_KEPT_ANSWERS) {
      this.byAddress.clear();
      this.addressQuestions = 0;
      questions = undefined;
    }
    if (questions === undefined) {
      questions = new Map();
      this.byAddress.set(address, questions);
    }
    questions.set(question, kept);
    this.addressQuestions += 1;
    return kept.found;
  }

  ofFlow(question: FlowQuestion, at: number, answer: () => Found): Found {
    const epoch = this.epoch(at);
    let named = this.flows.get(question.address);
    for (const flow of named?.get(question.name) ?? NO_FLOWS)
      if (isSameFlow(flow.question, question)) return refreshed(flow, epoch, answer);
    const kept = { question, epoch, found: answer() };
    if (this.flowQuestions >= MAX_KEPT_ANSWERS) {
      this.flows.clear();
      this.flowQuestions = 0;
      named = undefined;
    }
    if (named === undefined) {
      named = new Map();
      this.flows.set(question.address, named);
    }
    const others = named.get(question.name);
    if (others === undefined) named.set(question.name, [kept]);
    else if (others.length < MAX_FLOWS_OF_A_NAME) others.push(kept);
    this.flowQuestions += 1;
    return kept.found;
  }

  source(address: string, at: number): Found | undefined {
    const epoch = this.epoch(at);
    const known = this.sources.get(address);
    return known?.epoch === epoch ? known.found : undefined;
  }

  keepSource(address: string, at: number, found: Found): Found {
    this.sources.set(address, { epoch: this.epoch(at), found });
    this.sources.rotate();
    return found;
  }

  ofName(name: string, canonicalName: string | undefined, addresses: readonly string[], at: number, answer: () => Found): Found {
    const epoch = this.epoch(at);
    const known = this.byAnswer.get(addresses);
    if (known !== undefined && known.name === name && known.canonicalName === canonicalName) return refreshed(known, epoch, answer);
    const kept = this.answerOf(name, canonicalName, addresses, epoch, answer);
    this.byAnswer.set(addresses, kept);
    this.byAnswer.rotate();
    return refreshed(kept, epoch, answer);
  }

  private answerOf(
    name: string,
    canonicalName: string | undefined,
    addresses: readonly string[],
    epoch: number,
    answer: () => Found,
  ): KeptAnswer {
    const variants = this.byName.get(name);
    const same = variants?.find((other) => other.canonicalName === canonicalName && isSameList(other.addresses, addresses));
    if (same !== undefined) return same;
    const kept = { epoch, name, canonicalName, addresses, found: answer() };
    if (variants === undefined) this.byName.set(name, [kept]);
    else if (variants.length < MAX_ANSWERS_OF_A_NAME) variants.push(kept);
    else variants.splice(0, 1, kept);
    this.byName.rotate();
    return kept;
  }

  private epoch(at: number): number {
    const { view } = this;
    if (view.generation !== this.generation) {
      this.byAddress.clear();
      this.addressQuestions = 0;
      this.flows.clear();
      this.flowQuestions = 0;
      this.sources.clear();
      this.byAnswer.clear();
      this.byName.clear();
      this.generation = view.generation;
    }
    return view.epochs.epochOf(at);
  }
}

const NO_FLOWS: readonly KeptFlow[] = [];

/** What was found in this epoch, asked again when it was found in another. */
function refreshed(kept: Kept, epoch: number, answer: () => Found): Found {
  if (kept.epoch !== epoch) {
    kept.found = answer();
    kept.epoch = epoch;
  }
  return kept.found;
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
