import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '@nm/core';

/** Pairs of client and host that refused our certificate, remembered. */
const MAX_DISTRUSTING = 10_000;
/** A connection may be opened ahead of need and never used; twice in a row is no accident. */
const SILENT_CLOSES = 2;

export interface TrustWatch {
  /** Whether this client refused our certificate for this host lately. */
  isRefused(key: string): boolean;
  /** Learns from a connection whether the client takes our certificate; `onRefused` when it does not. */
  watch(secure: TLSSocket, server: Duplex, key: string, onRefused: () => void): void;
}

/**
 * An application with a trust store of its own must work all the same: who sends an alert, or twice leaves before any answer
 * came (as clients do that check certificates late), is let through unread from then on.
 */
export function createTrustWatch(clock: Clock, options: { readonly distrustMs: number }): TrustWatch {
  const distrusting = new Map<string, number>();
  const refusals = new Map<string, number>();
  return {
    isRefused: (key) => (distrusting.get(key) ?? 0) > clock.now(),
    watch(secure, server, key, onRefused): void {
      let isOpen = false;
      let isUsed = false;
      secure.once('secure', () => (isOpen = true));
      // What a client sends may have left it before it looked at the certificate: only an answer that it stays for counts.
      secure.once('data', () => {
        server.once('data', () => {
          isUsed = true;
          refusals.delete(key);
        });
      });
      secure.on('error', () => undefined);
      secure.once('close', () => {
        if (isUsed) return;
        const times = (refusals.get(key) ?? 0) + 1;
        if (refusals.size >= MAX_DISTRUSTING) refusals.clear();
        refusals.set(key, times);
        if (isOpen && times < SILENT_CLOSES) return;
        if (distrusting.size >= MAX_DISTRUSTING) distrusting.clear();
        distrusting.set(key, clock.now() + options.distrustMs);
        onRefused();
      });
    },
  };
}
