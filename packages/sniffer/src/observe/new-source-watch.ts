import type { PacketView } from '@nm/core';
import { readInt32 } from './read-int32.ts';

/** Clients of lookups that are remembered; twice as many places. */
const CAPACITY = 4_096;
const FORGET_AFTER_MS = 60_000;
const INTERFACES = 65_536;

/**
 * Notices interfaces and clients of lookups that were not there before: the sign that a pod may have started, whose
 * processes are to be looked at while they live. Of senders of attempts the observer tells it (ATTEMPT_OF_NEW_SENDER).
 * Only numbers in fixed tables; a client that collides is merely not noticed again.
 */
export class NewSourceWatch {
  /** Set when something new was seen; the owner resets it. */
  hasNew = false;
  private readonly places = new Int32Array(CAPACITY * 2);
  private readonly interfaces = new Uint8Array(INTERFACES);
  private used = 0;
  private last = 0;
  private clearedAt = 0;

  interface(index: number): void {
    if (this.interfaces[index & (INTERFACES - 1)] === 1) return;
    this.interfaces[index & (INTERFACES - 1)] = 1;
    this.hasNew = true;
  }

  /** The address at `offset` of the packet. */
  source(view: Pick<PacketView, 'bytes' | 'family' | 'at'>, offset: number): void {
    const { bytes, family } = view;
    let key = readInt32(bytes, offset);
    if (family === 6) {
      for (let word = 1; word < 4; word++) key = Math.imul(key, 0x85ebca6b) ^ readInt32(bytes, offset + word * 4);
    }
    if (key === 0) key = 1;
    // A client often asks for several names one after the other.
    if (key === this.last) return;
    this.last = key;
    let place = (Math.imul(key, 0x9e3779b1) >>> 8) & (CAPACITY * 2 - 1);
    while (this.places[place] !== 0) {
      if (this.places[place] === key) return;
      place = (place + 1) & (CAPACITY * 2 - 1);
    }
    if (this.used >= CAPACITY || view.at - this.clearedAt > FORGET_AFTER_MS) {
      this.places.fill(0);
      this.used = 0;
      this.clearedAt = view.at;
    }
    this.places[place] = key;
    this.used += 1;
    this.hasNew = true;
  }
}
