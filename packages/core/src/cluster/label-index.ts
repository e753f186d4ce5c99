import type { PodEntry } from './pod-entry.ts';

/** Pods of a namespace with one label; `generation` grows with every change, so that what is derived can be kept. */
export interface LabelSet {
  readonly pods: Set<PodEntry>;
  generation: number;
}

/** Pods by the labels that selectors ask for; only keys that some selector uses are indexed. */
export class LabelIndex {
  private readonly sets = new Map<string, LabelSet>();
  private readonly keys = new Set<string>();

  add(entry: PodEntry): void {
    for (const key of this.keys) this.set(entry, key)?.pods.add(entry);
    this.touch(entry);
  }

  remove(entry: PodEntry): void {
    this.touch(entry);
    for (const key of this.keys) {
      const set = this.set(entry, key);
      set?.pods.delete(entry);
      if (set?.pods.size === 0) this.sets.delete(idOf(entry.record.namespace, key, entry.record.labels[key] ?? ''));
    }
  }

  /** Something about a pod changed that matters to those who select it. */
  touch(entry: PodEntry): void {
    for (const key of this.keys) {
      const set = this.set(entry, key);
      if (set !== undefined) set.generation += 1;
    }
  }

  /** Smallest set of pods that holds all that a selector selects; undefined for an empty selector. */
  candidates(namespace: string, selector: Readonly<Record<string, string>>, all: () => Iterable<PodEntry>): LabelSet | undefined {
    let best: LabelSet | undefined;
    for (const key in selector) {
      if (!this.keys.has(key)) this.indexKey(key, all());
      const set = this.setOf(namespace, key, selector[key] ?? '');
      if (best === undefined || set.pods.size < best.pods.size) best = set;
    }
    return best;
  }

  private indexKey(key: string, entries: Iterable<PodEntry>): void {
    this.keys.add(key);
    for (const entry of entries) this.set(entry, key)?.pods.add(entry);
  }

  private set(entry: PodEntry, key: string): LabelSet | undefined {
    const value = entry.record.labels[key];
    return value === undefined ? undefined : this.setOf(entry.record.namespace, key, value);
  }

  private setOf(namespace: string, key: string, value: string): LabelSet {
    const id = idOf(namespace, key, value);
    let set = this.sets.get(id);
    if (set === undefined) {
      set = { pods: new Set(), generation: 0 };
      this.sets.set(id, set);
    }
    return set;
  }
}

function idOf(namespace: string, key: string, value: string): string {
  return `${namespace}\n${key}=${value}`;
}
