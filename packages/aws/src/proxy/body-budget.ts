/** Memory that bodies may hold while their requests are read, all connections together. */
export interface BodyBudget {
  /** Bytes held. */
  readonly held: number;
  /** How many of `bytes` may be held now. */
  take(bytes: number): number;
  give(bytes: number): void;
}

export function createBodyBudget(maxBytes: number): BodyBudget {
  let held = 0;
  return {
    get held(): number {
      return held;
    },
    take(bytes) {
      const granted = Math.max(0, Math.min(bytes, maxBytes - held));
      held += granted;
      return granted;
    },
    give(bytes) {
      held -= bytes;
    },
  };
}

/** A body in the making: its first bytes, as far as the bound and the budget let them be held. */
export interface BodyCollector {
  add(chunk: Buffer): void;
  /** What was held, once; gives the budget back. */
  finish(): Buffer;
}

export function createBodyCollector(budget: BodyBudget, maxBytes: number): BodyCollector {
  let parts: Buffer[] = [];
  let bytes = 0;
  let isFull = maxBytes <= 0;
  return {
    add(chunk) {
      if (isFull) return;
      const wanted = Math.min(chunk.length, maxBytes - bytes);
      const granted = budget.take(wanted);
      // A copy: the chunk belongs to the stream.
      if (granted > 0) parts.push(Buffer.from(chunk.subarray(0, granted)));
      bytes += granted;
      isFull = granted < wanted || bytes >= maxBytes;
    },
    finish() {
      const body = parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts);
      budget.give(bytes);
      parts = [];
      bytes = 0;
      isFull = true;
      return body;
    },
  };
}
