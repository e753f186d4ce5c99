import type { PacketView } from '@nm/core';
import { readInt32 } from './read-int32.ts';

/** Edges that are remembered; twice as many places. */
const CAPACITY = 4_096;
const FORGET_AFTER_MS = 60_000;
/** Looked up between two looks, a second; what a busier node sees beyond goes with the counts. */
const MAX_LOOKS = 512;
/* RFC 1035 4.1.1; longer names are told apart by their beginning. */
const DNS_HEADER_BYTES = 12;
const MAX_NAME_BYTES = 128;

/**
 * Notices lookups and attempts of a client and a destination that nobody made within the last minute: what is worth a
 * report at once, while counts of what is known can wait. Only numbers in fixed tables; one that collides waits too.
 */
export class NewEdgeWatch {
  /** Set when something new was seen; what was there before the start is new. */
  private isNew = true;
  private newAt = Number.NEGATIVE_INFINITY;
  private looks = 0;
  private readonly places = new Int32Array(CAPACITY * 2);
  /** When the edge at each place was last seen. */
  private readonly times = new Float64Array(CAPACITY * 2);
  private used = 0;

  get hasNew(): boolean {
    return this.isNew;
  }

  /** Everything captured until `until` is reported. */
  reported(until: number): void {
    this.isNew = this.newAt > until;
  }

  /** A second is over: there is time to look again. */
  renew(): void {
    this.looks = 0;
  }

  /** An attempt that was not seen before. */
  attempt(view: PacketView): void {
    if (this.isBusy()) return;
    this.note(hashAddress(view, view.sourceOffset, hashAddress(view, view.destinationOffset, view.destinationPort)), view.at);
  }

  /** The answer that completes a lookup. */
  lookup(view: PacketView): void {
    if (this.isBusy()) return;
    const { bytes, payloadOffset, payloadLength } = view;
    let hash = 1;
    const end = payloadOffset + Math.min(payloadLength, DNS_HEADER_BYTES + MAX_NAME_BYTES);
    for (let at = payloadOffset + DNS_HEADER_BYTES; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === 0) break;
      // Without regard to case, which some resolvers choose at random.
      hash = Math.imul(hash ^ (byte | 0x20), 0x01000193);
    }
    this.note(hashAddress(view, view.destinationOffset, hash), view.at);
  }

  private isBusy(): boolean {
    if (this.looks >= MAX_LOOKS) return true;
    this.looks += 1;
    return false;
  }

  private note(hash: number, at: number): void {
    const key = hash === 0 ? 1 : hash;
    let place = (Math.imul(key, 0x9e3779b1) >>> 8) & (CAPACITY * 2 - 1);
    while (this.places[place] !== 0) {
      if (this.places[place] === key) {
        const seenAt = this.times[place] ?? 0;
        this.times[place] = at;
        if (at - seenAt > FORGET_AFTER_MS) this.setNew(at);
        return;
      }
      place = (place + 1) & (CAPACITY * 2 - 1);
    }
    if (this.used >= CAPACITY) {
      this.places.fill(0);
      this.used = 0;
    }
    this.places[place] = key;
    this.times[place] = at;
    this.used += 1;
    this.setNew(at);
  }

  private setNew(at: number): void {
    this.isNew = true;
    this.newAt = at;
  }
}

function hashAddress({ bytes, family }: PacketView, offset: number, start: number): number {
  let hash = start;
  for (let at = offset; at < offset + (family === 4 ? 4 : 16); at += 4) hash = Math.imul(hash, 0x85ebca6b) ^ readInt32(bytes, at);
  return hash;
}
