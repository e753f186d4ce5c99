/** How long an owner stays known after it was last seen: longer than anything waits to be reported. */
export const KEEP_OWNERS_MS = 10 * 60 * 1000;
/** Addresses with an owner; beyond it the one that was added first goes. */
export const MAX_OWNED_ADDRESSES = 16_384;
/** A scan sees an owner a little after it began and last saw it a little before it ended. */
export const ATTRIBUTION_SLACK_MS = 2_000;

interface Interval {
  readonly podUid: string | undefined;
  readonly from: number;
  to: number;
}

/** Which pod of this node had an address when; instants in milliseconds since the epoch. */
export class AttributionHistory {
  evictions = 0;
  private readonly intervals = new Map<string, Interval[]>();
  /** Addresses of each pod, made when they are asked for after a change. */
  private byPod: ReadonlyMap<string, readonly string[]> | undefined;

  /** The owner was seen with the address at `at`; `podUid` undefined: a namespace that belongs to no pod. */
  seen(address: string, podUid: string | undefined, at: number): void {
    const list = this.intervals.get(address);
    if (list?.at(-1)?.podUid !== podUid) this.byPod = undefined;
    if (list === undefined) {
      this.byPod = undefined;
      if (this.intervals.size >= MAX_OWNED_ADDRESSES) this.evict();
      this.intervals.set(address, [{ podUid, from: at, to: at }]);
      return;
    }
    const last = list.at(-1);
    if (last !== undefined && last.podUid === podUid) last.to = at;
    else list.push({ podUid, from: at, to: at });
  }

  has(address: string): boolean {
    return this.intervals.has(address);
  }

  /** Pod that had the address at `at`, the surest interval first, then the nearest within the slack. */
  podOf(address: string, at: number): string | undefined {
    const list = this.intervals.get(address);
    if (list === undefined) return undefined;
    const [only] = list;
    if (list.length === 1 && only !== undefined)
      return at >= only.from - ATTRIBUTION_SLACK_MS && at <= only.to + ATTRIBUTION_SLACK_MS ? only.podUid : undefined;
    const within = (slack: number): Interval | undefined => list.findLast(({ from, to }) => at >= from - slack && at <= to + slack);
    return (within(0) ?? within(ATTRIBUTION_SLACK_MS))?.podUid;
  }

  /** All addresses of the pod that had this one at `at`, or of the only one that is known to have had it. */
  addressesWith(address: string, at: number): readonly string[] {
    const list = this.intervals.get(address);
    const podUid = this.podOf(address, at) ?? (list?.length === 1 ? list[0]?.podUid : undefined);
    if (podUid === undefined) return [];
    this.byPod ??= this.groupByPod();
    return this.byPod.get(podUid) ?? [];
  }

  private groupByPod(): ReadonlyMap<string, readonly string[]> {
    const groups = new Map<string, string[]>();
    for (const [address, list] of this.intervals) {
      for (const podUid of new Set(list.map((interval) => interval.podUid))) {
        if (podUid === undefined) continue;
        const group = groups.get(podUid);
        if (group === undefined) groups.set(podUid, [address]);
        else group.push(address);
      }
    }
    return groups;
  }

  forgetBefore(at: number): void {
    this.byPod = undefined;
    for (const [address, list] of this.intervals) {
      const kept = list.filter(({ to }) => to >= at);
      if (kept.length === 0) this.intervals.delete(address);
      else if (kept.length < list.length) this.intervals.set(address, kept);
    }
  }

  private evict(): void {
    const oldest = this.intervals.keys().next();
    if (oldest.done === true) return;
    this.intervals.delete(oldest.value);
    this.evictions += 1;
  }
}
