import { minutesToMs } from '../schema/buckets.ts';
import type { Facet } from './identity-cache.ts';

const NONE = -1;

/** Where counts go, one after the other: what these are is said at CountRow. */
export interface CountTarget {
  add(id: number, start: number, count: number, first: number, last: number, isEarly: boolean): void;
}

/**
 * Counts of one plan by facet and fine bucket, as columns. A facet holds the number of its first row (`Facet.countRow`),
 * because most have just one.
 */
export class PlanCounts {
  readonly #facets: Facet[] = [];
  readonly #starts: number[] = [];
  readonly #counts: number[] = [];
  readonly #firsts: number[] = [];
  readonly #lasts: number[] = [];
  /** Another row of the same facet. */
  readonly #nexts: number[] = [];

  get size(): number {
    return this.#facets.length;
  }

  /** Of a facet that is new to the plan. */
  static readonly noRow = NONE;

  add(facet: Facet, start: number, count: number, firstAt: number, lastAt: number): void {
    const startMs = minutesToMs(start);
    const first = firstAt - startMs;
    const last = lastAt - startMs;
    for (let row = facet.countRow; row !== NONE; row = this.#nexts[row] ?? NONE) {
      if (this.#starts[row] !== start) continue;
      this.#counts[row] = (this.#counts[row] ?? 0) + count;
      if (first < (this.#firsts[row] ?? 0)) this.#firsts[row] = first;
      if (last > (this.#lasts[row] ?? 0)) this.#lasts[row] = last;
      return;
    }
    this.#nexts.push(facet.countRow);
    facet.countRow = this.#facets.length;
    this.#facets.push(facet);
    this.#starts.push(start);
    this.#counts.push(count);
    this.#firsts.push(first);
    this.#lasts.push(last);
  }

  /** Once the facets have their ids. */
  addTo(target: CountTarget): void {
    for (let row = 0; row < this.#facets.length; row += 1) {
      const facet = this.#facets[row];
      if (facet === undefined) continue;
      const isEarly = facet.isEarly && !facet.changed;
      target.add(facet.id, this.#starts[row] ?? 0, this.#counts[row] ?? 0, this.#firsts[row] ?? 0, this.#lasts[row] ?? 0, isEarly);
    }
  }
}
