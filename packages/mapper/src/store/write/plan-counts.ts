import { minutesToMs } from '../schema/buckets.ts';
import { grown } from './count-table.ts';
import type { Facet } from './identity-cache.ts';

const NONE = -1;

/** Where counts go, one after the other: what these are is said at CountRow. */
export interface CountTarget {
  add(id: number, start: number, count: number, first: number, last: number, isEarly: boolean): void;
}

/** Of the rows of a new plan's counts. */
const FIRST_CAPACITY = 1_024;

/**
 * Counts of one plan by facet and fine bucket, as columns that the next plan uses again. A facet holds the number of its
 * first row (`Facet.countRow`), because most have just one.
 */
export class PlanCounts {
  /** Of a facet that is new to the plan. */
  static readonly noRow = NONE;
  #facets: Facet[] = [];
  #starts = new Uint32Array(FIRST_CAPACITY);
  #counts = new Float64Array(FIRST_CAPACITY);
  #firsts = new Int32Array(FIRST_CAPACITY);
  #lasts = new Int32Array(FIRST_CAPACITY);
  /** Another row of the same facet. */
  #nexts = new Int32Array(FIRST_CAPACITY);

  get size(): number {
    return this.#facets.length;
  }

  /** For the next plan. */
  clear(): void {
    this.#facets = [];
  }

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
    const row = this.#facets.length;
    if (row === this.#starts.length) this.#grow();
    this.#nexts[row] = facet.countRow;
    facet.countRow = row;
    this.#facets.push(facet);
    this.#starts[row] = start;
    this.#counts[row] = count;
    this.#firsts[row] = first;
    this.#lasts[row] = last;
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

  #grow(): void {
    const capacity = this.#starts.length * 2;
    this.#starts = grown(this.#starts, new Uint32Array(capacity));
    this.#counts = grown(this.#counts, new Float64Array(capacity));
    this.#firsts = grown(this.#firsts, new Int32Array(capacity));
    this.#lasts = grown(this.#lasts, new Int32Array(capacity));
    this.#nexts = grown(this.#nexts, new Int32Array(capacity));
  }
}
