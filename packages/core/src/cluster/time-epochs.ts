/** Boundaries that are remembered (2 MiB); a quarter of them, the earliest, are forgotten at a time. */
export const MAX_BOUNDARIES = 262_144;

/**
 * The instants at which something in the cluster's history began or ended. Between two of them every question about a
 * time has the same answer, so answers can be kept: `epochOf` names the stretch that a time lies in.
 */
export class TimeEpochs {
  private boundaries: number[] = [];
  private pending: number[] = [];
  private low = Number.POSITIVE_INFINITY;
  private high = Number.NEGATIVE_INFINITY;
  /** What lay before it is forgotten. */
  private floor = Number.NEGATIVE_INFINITY;

  add(at: number): void {
    if (Number.isFinite(at)) this.pending.push(at);
  }

  /**
   * Start of the stretch around `at` (ms): the last boundary that is not after it, -Infinity before the first. NaN where
   * boundaries were forgotten: it equals no other, so no answer is taken for that of another time.
   */
  epochOf(at: number): number {
    if (this.pending.length > 0) this.settle();
    if (at < this.floor) return Number.NaN;
    if (at >= this.low && at < this.high) return this.low;
    const index = this.countUpTo(at);
    this.low = this.boundaries[index - 1] ?? Number.NEGATIVE_INFINITY;
    this.high = this.boundaries[index] ?? Number.POSITIVE_INFINITY;
    return this.low;
  }

  /** Forgets boundaries before `before`. */
  prune(before: number): void {
    this.settle();
    this.forget(this.countUpTo(before));
  }

  private forget(count: number): void {
    if (count === 0) return;
    this.floor = this.boundaries[count - 1] ?? this.floor;
    this.boundaries.splice(0, count);
    this.low = Number.POSITIVE_INFINITY;
    this.high = Number.NEGATIVE_INFINITY;
  }

  /** Sorts in what is pending: one pass over what lies after its earliest, most of which is near the end. */
  private settle(): void {
    const pending = Float64Array.from(this.pending).sort();
    this.pending = [];
    this.low = Number.POSITIVE_INFINITY;
    this.high = Number.NEGATIVE_INFINITY;
    const first = pending[0];
    if (first === undefined) return;
    const later = this.boundaries.splice(this.countUpTo(first));
    let next = 0;
    for (const at of pending) {
      for (let boundary = later[next]; boundary !== undefined && boundary < at; boundary = later[++next]) this.boundaries.push(boundary);
      if (later[next] === at) continue;
      if (this.boundaries.at(-1) !== at) this.boundaries.push(at);
    }
    for (; next < later.length; next++) this.boundaries.push(later[next] ?? 0);
    if (this.boundaries.length > MAX_BOUNDARIES) this.forget(this.boundaries.length - (MAX_BOUNDARIES * 3) / 4);
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
