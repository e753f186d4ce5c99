/** Boundaries that came since the last look; more than this are sorted in at once. */
const INSERT_ONE_BY_ONE = 256;

/**
 * The instants at which something in the cluster's history began or ended. Between two of them every question about a
 * time has the same answer, so answers can be kept: `epochOf` names the stretch that a time lies in.
 */
export class TimeEpochs {
  private boundaries: number[] = [];
  private pending: number[] = [];
  private low = Number.POSITIVE_INFINITY;
  private high = Number.NEGATIVE_INFINITY;

  add(at: number): void {
    if (Number.isFinite(at)) this.pending.push(at);
  }

  /** Start of the stretch around `at` (ms): the last boundary that is not after it, -Infinity before the first. */
  epochOf(at: number): number {
    if (this.pending.length > 0) this.settle();
    if (at >= this.low && at < this.high) return this.low;
    const index = this.countUpTo(at);
    this.low = this.boundaries[index - 1] ?? Number.NEGATIVE_INFINITY;
    this.high = this.boundaries[index] ?? Number.POSITIVE_INFINITY;
    return this.low;
  }

  /** Forgets boundaries before `before`. */
  prune(before: number): void {
    this.settle();
    this.boundaries.splice(0, this.countUpTo(before));
    this.low = Number.POSITIVE_INFINITY;
    this.high = Number.NEGATIVE_INFINITY;
  }

  private settle(): void {
    const { pending } = this;
    this.pending = [];
    this.low = Number.POSITIVE_INFINITY;
    this.high = Number.NEGATIVE_INFINITY;
    if (pending.length > INSERT_ONE_BY_ONE) {
      this.boundaries = [...new Float64Array([...this.boundaries, ...pending]).sort()].filter((at, i, all) => at !== all[i - 1]);
      return;
    }
    for (const at of pending) {
      const index = this.countUpTo(at);
      if (this.boundaries[index - 1] !== at) this.boundaries.splice(index, 0, at);
    }
  }

  /** Number of boundaries that are not after `at`. */
  private countUpTo(at: number): number {
    let from = 0;
    let to = this.boundaries.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.boundaries[middle] ?? 0) <= at) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
