import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { Clock, Logger } from '@nm/core';

export interface HandoverOptions {
  /** Sniffers of one name on one node take over from each other. */
  readonly name: string;
  /** How much of what a predecessor saw it may not have reported when it ends without a word, ms. */
  readonly unreportedMs: number;
}

/**
 * One sniffer of a node reports at a time: during an update the new one already sees, and counts from the moment at
 * which the old one stopped. They meet at an abstract socket (unix(7)) of the node's network namespace, which goes away
 * with the process that holds it. The socket is open to whatever runs in the host's network: what comes through it is
 * one number, and the worst that another process can do is to keep a new sniffer waiting.
 */
export interface Handover {
  /**
   * Resolves once it is known whether a predecessor runs. `onTaken` is called when this one's turn begins, at once or
   * later, with the time until which the predecessor has seen everything (capture time, ms); undefined without one.
   */
  start(onTaken: (since: number | undefined) => void): Promise<void>;
  /** Whether the turn of this one has not begun. */
  readonly isWaiting: boolean;
  /** Whether a successor waits: true at once when it does, false after `maxMs`. */
  untilSuccessor(maxMs: number): Promise<boolean>;
  /** Ends this one's turn: everything until `seenUntil` was seen. */
  release(seenUntil: number): void;
}

/** Successors that wait at once; there is one, or two when the first is replaced. */
const MAX_SUCCESSORS = 8;
const MAX_MESSAGE_LENGTH = 32;
/** Another process took the place of the one that ended: asked again. */
const AGAIN_MS = 250;

export function createHandover(deps: { readonly clock: Clock; readonly log: Logger }, options: HandoverOptions): Handover {
  const { clock, log } = deps;
  const path = `\0network-mapper-sniffer/${options.name}`;
  const successors = new Set<Socket>();
  const arrived = Promise.withResolvers<void>();
  let server: Server | undefined;
  let predecessor: Socket | undefined;
  let again: NodeJS.Timeout | undefined;
  let isOver = false;

  const onSuccessor = (socket: Socket): void => {
    socket.on('error', () => undefined);
    socket.on('close', () => successors.delete(socket));
    socket.resume();
    successors.add(socket);
    arrived.resolve();
  };

  /** Whether the place is ours now. */
  const take = async (): Promise<boolean> => {
    const opening = createServer(onSuccessor);
    opening.maxConnections = MAX_SUCCESSORS;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    opening.once('error', () => resolve(false));
    opening.listen(path, () => resolve(true));
    const isTaken = await promise;
    if (isTaken) server = opening;
    return isTaken;
  };

  const follow = (onTaken: (since: number | undefined) => void): void => {
    let text = '';
    const socket = connect(path);
    predecessor = socket;
    socket.setEncoding('latin1');
    socket.on('data', (piece: string) => {
      text = (text + piece).slice(0, MAX_MESSAGE_LENGTH);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      predecessor = undefined;
      if (isOver) return;
      const now = clock.now();
      const said = Number(text);
      // A time to come would make us drop what nobody else saw.
      const since = text !== '' && said <= now ? said : now - options.unreportedMs;
      void attempt(onTaken, since);
    });
  };

  const attempt = async (onTaken: (since: number | undefined) => void, since: number | undefined): Promise<void> => {
    if (await take()) {
      if (since !== undefined) log.info('taken over from the sniffer before', { since: new Date(since).toISOString() });
      onTaken(since);
    } else if (!isOver) again = setTimeout(() => follow(onTaken), since === undefined ? 0 : AGAIN_MS);
  };

  return {
    get isWaiting() {
      return server === undefined;
    },
    async start(onTaken) {
      await attempt(onTaken, undefined);
      if (server === undefined) log.info('another sniffer of this node runs: waiting for it to stop, and watching meanwhile');
    },
    async untilSuccessor(maxMs) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(false), maxMs);
      });
      const hasArrived = await Promise.race([arrived.promise.then(() => true), late]);
      clearTimeout(timer);
      return hasArrived;
    },
    release(seenUntil) {
      isOver = true;
      clearTimeout(again);
      predecessor?.destroy();
      // The place is given up first: whoever is told tries to take it at once.
      server?.close();
      for (const socket of successors) socket.end(String(seenUntil));
    },
  };
}
