/** A counter of one edge as an export shows it. */
export interface Series<Labels> {
  readonly labels: Labels;
  readonly startAt: number;
  value: number;
  lastSeenAt: number;
  changedAt: number;
}

/** A series that nothing was added to for so long makes room; should its edge come back, it begins anew. */
const IDLE_MS = 86_400_000;

/** Counters with a bound. Beyond it everything adds to one overflow series, so that totals stay right. */
export class SeriesBook<Labels> {
  readonly #series = new Map<string, Series<Labels>>();
  readonly #options: { readonly max: number; readonly overflow: Labels; readonly onOverflow: (count: number) => void };
  #overflow: Series<Labels> | undefined;
  #sweptAt = 0;

  constructor(options: { readonly max: number; readonly overflow: Labels; readonly onOverflow: (count: number) => void }) {
    this.#options = options;
  }

  get size(): number {
    return this.#series.size;
  }

  add(key: string, toLabels: () => Labels, growth: { readonly count: number; readonly lastSeenAt: number }, now: number): void {
    const series = this.#series.get(key) ?? this.#create(key, toLabels, now);
    if (series === this.#overflow) this.#options.onOverflow(growth.count);
    series.value += growth.count;
    series.lastSeenAt = Math.max(series.lastSeenAt, growth.lastSeenAt);
    series.changedAt = now;
  }

  *values(): Generator<Series<Labels>> {
    yield* this.#series.values();
    if (this.#overflow !== undefined) yield this.#overflow;
  }

  #create(key: string, toLabels: () => Labels, now: number): Series<Labels> {
    if (this.#series.size >= this.#options.max) this.#sweep(now);
    const isFull = this.#series.size >= this.#options.max;
    if (isFull && this.#overflow !== undefined) return this.#overflow;
    const labels = isFull ? this.#options.overflow : toLabels();
    const series: Series<Labels> = { labels, startAt: now, value: 0, lastSeenAt: 0, changedAt: now };
    if (isFull) this.#overflow = series;
    else this.#series.set(key, series);
    return series;
  }

  /** At most once a minute: a full book must not be walked for every new edge. */
  #sweep(now: number): void {
    if (now - this.#sweptAt < 60_000) return;
    this.#sweptAt = now;
    for (const [key, series] of this.#series) if (now - series.changedAt > IDLE_MS) this.#series.delete(key);
  }
}
