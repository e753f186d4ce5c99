import type { ClusterView } from '../cluster/cluster-view.ts';
import type { Found } from './resolution.ts';

/** Answers that are kept; all go when there are more. */
export const MAX_KEPT_ANSWERS = 32_768;

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
      this.sources.clear();
      this.byAnswer.clear();
      this.byName.clear();
      this.size = 0;
      this.generation = view.generation;
    }
    return view.epochs.epochOf(at);
  }
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
