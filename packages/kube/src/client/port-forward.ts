import { Agent } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { Duplex, PassThrough, Writable, pipeline } from 'node:stream';
import type { KubeConfig } from '@kubernetes/client-node';
import type { KubeClient } from './kube-client.ts';
import { KubeError, isKubeError } from './kube-error.ts';
import type { KubeErrorCode } from './kube-error.ts';

/** A port of a pod. */
export interface PodTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

/** A way to one port of one pod through the API server. */
export interface PortForward {
  readonly target: PodTarget;
  /** One connection to the port. Throws KubeError. */
  connect(): Promise<Duplex>;
  /** For node:http: requests share one connection, one after the other. */
  readonly agent: Agent;
  /** A local endpoint on 127.0.0.1, for browsers and fetch; the port is free by default. Gives `http://127.0.0.1:PORT`. */
  listen(port?: number): Promise<string>;
  /** Why the last connection failed or was cut, if one was. */
  lastError(): KubeError | undefined;
  close(): Promise<void>;
}

/** The kubelet's own words are short; more would not help. */
const MAX_ERROR_CHARACTERS = 500;

/** What is used of the library's WebSocket (npm ws). */
interface WebSocketLike {
  close(): void;
  pause(): void;
  resume(): void;
  addEventListener(type: 'close', listener: () => void): void;
}

/** Opens nothing yet. Needs a client made from a kubeconfig. */
export function createPortForward(client: KubeClient, target: PodTarget): PortForward {
  let lastError: KubeError | undefined;
  let server: Server | undefined;
  const open = new Set<Duplex>();

  const connect = async (): Promise<Duplex> => {
    try {
      const connection = await openConnection(configOf(client), target);
      open.add(connection);
      connection.on('error', (error) => {
        lastError = isKubeError(error) ? error : failure('port-forward-failed', target, error.message);
      });
      connection.on('close', () => open.delete(connection));
      return connection;
    } catch (error) {
      lastError = isKubeError(error) ? error : refusal(target, error);
      throw lastError;
    }
  };

  const agent = new ForwardAgent(connect);
  return {
    target,
    connect,
    agent,
    async listen(port = 0) {
      const listening = createServer((socket) => {
        connect().then(
          (connection) => {
            pipeline(socket, connection, () => undefined);
            pipeline(connection, socket, () => undefined);
          },
          () => socket.destroy(),
        );
      });
      server = listening;
      await new Promise<void>((resolve, reject) => {
        listening.once('error', (cause) =>
          reject(failure('port-forward-failed', target, `cannot listen on 127.0.0.1:${port}: ${cause.message}`)),
        );
        listening.listen(port, '127.0.0.1', resolve);
      });
      return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
    },
    lastError: () => lastError,
    async close() {
      agent.destroy();
      for (const connection of open) connection.destroy();
      const closing = server;
      if (closing !== undefined) await new Promise<void>((resolve) => closing.close(() => resolve()));
    },
  };
}

/** Requests share one connection, kept alive between them. */
class ForwardAgent extends Agent {
  readonly #connect: () => Promise<Duplex>;

  constructor(connect: () => Promise<Duplex>) {
    super({ keepAlive: true, maxSockets: 1 });
    this.#connect = connect;
  }

  override createConnection(_options: unknown, callback?: (error: Error | null, stream: Duplex) => void): null {
    this.#connect().then(
      (connection) => callback?.(null, connection),
      (error: unknown) => (callback as ((error: unknown) => void) | undefined)?.(error),
    );
    return null;
  }
}

function configOf(client: KubeClient): KubeConfig {
  const { transport } = client;
  if ('config' in transport) return transport.config as KubeConfig;
  throw new KubeError('port-forward-failed', 'port-forward needs a kubeconfig; inside the cluster use the address of the Service (--url)');
}

async function openConnection(config: KubeConfig, target: PodTarget): Promise<Duplex> {
  const library = await import('@kubernetes/client-node');
  const connection = new ForwardedConnection(target);
  const forward = new library.PortForward(config);
  const socket = await forward.portForward(
    target.namespace,
    target.pod,
    [target.port],
    connection.received,
    connection.trouble,
    connection.sent,
  );
  connection.attach(socket);
  return connection;
}

/** The socket-like end of a forwarded connection; HTTP agents call the methods of sockets on it. */
class ForwardedConnection extends Duplex {
  /** What the pod sends. */
  readonly received: Writable;
  /** What goes to the pod. */
  readonly sent = new PassThrough();
  /** The kubelet's words when it cannot reach the port. */
  readonly trouble: Writable;
  #socket: WebSocketLike | undefined;

  constructor(target: PodTarget) {
    super({ allowHalfOpen: false });
    this.received = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (chunk.length > 0 && !this.destroyed && !this.push(chunk)) this.#socket?.pause();
        done();
      },
    });
    let words = '';
    this.trouble = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        words = (words + chunk.toString('utf8')).slice(0, MAX_ERROR_CHARACTERS);
        if (words !== '') this.destroy(failure('port-forward-failed', target, words));
        done();
      },
    });
  }

  attach(socket: unknown): void {
    const opened = socket as WebSocketLike;
    this.#socket = opened;
    opened.addEventListener('close', () => {
      if (!this.destroyed) this.push(null);
    });
  }

  override _read(): void {
    this.#socket?.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.sent.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.sent.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket?.close();
    done(error);
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/** The WebSocket's own words for a refused upgrade: "Unexpected server response: 403". */
function refusal(target: PodTarget, cause: unknown): KubeError {
  const message = typeof cause === 'object' && cause !== null && 'message' in cause ? String(cause.message) : String(cause);
  const status = /server response: (\d{3})/.exec(message)?.[1];
  if (status === '403')
    return failure('kube-forbidden', target, 'create on pods/portforward is not allowed; ask for a role that allows it');
  if (status === '404') return failure('kube-not-found', target, 'the pod is gone');
  if (status === '401') return failure('kube-unauthorised', target, 'the credentials were not accepted; log in again');
  return failure('port-forward-failed', target, message);
}

function failure(code: KubeErrorCode, target: PodTarget, reason: string): KubeError {
  return new KubeError(code, `port-forward to pod ${target.namespace}/${target.pod} port ${target.port} failed: ${reason.trim()}`, {
    fields: { ...target },
  });
}
