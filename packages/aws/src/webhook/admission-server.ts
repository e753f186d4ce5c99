import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { AppError } from '@nm/core';
import type { Clock, Logger } from '@nm/core';
import { createSparseLogger } from '@nm/runtime';
import type { ListenAddress, Metrics, Startable } from '@nm/runtime';
import { signServerCertificate } from '@nm/runtime/certificates';
import type { KeyPair } from '@nm/runtime/certificates';
import { createSeats } from '../proxy/connection-seats.ts';
import type { AWS_METRICS } from '../report/aws-metrics.ts';
import { toPodPatch, wantsVisibility } from './to-pod-patch.ts';
import type { PodLike, PodPatchOptions } from './to-pod-patch.ts';

export interface AdmissionServerDeps {
  readonly authority: KeyPair;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics<typeof AWS_METRICS>;
  /** Makes sure that the ConfigMap with the bundle is in the namespace. */
  readonly provideBundle: (namespace: string) => Promise<void>;
  readonly loadNamespaceLabels: (namespace: string) => Promise<Readonly<Record<string, string>>>;
}

export interface AdmissionServerOptions extends PodPatchOptions {
  readonly listen: ListenAddress;
  /** Names in our certificate: `SERVICE.NAMESPACE.svc`. */
  readonly names: readonly string[];
  /** PEM of the authority of the API server's client certificate; without it anybody who reaches us is answered. */
  readonly clientCa?: string;
}

const VALID_MS = 30 * 86_400_000;
const RENEW_MS = 7 * 86_400_000;
const MAX_REVIEW_BYTES = 4 * 1024 * 1024;
/** All reviews together that are being read: anybody in the cluster may connect. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;
/** An API server keeps a few; who holds many gives way to it. */
const SEATS = { maxConnections: 512, maxPerClient: 128 };
const REQUEST_TIMEOUT_MS = 10_000;
/** Reviews that ask the Kubernetes API something at once; further pods start unchanged. */
const MAX_REVIEWS = 64;
/** What a namespace's labels say, kept for so long: a Deployment's pods come together. */
const LABELS_KEPT_MS = 5_000;
const MAX_NAMESPACES = 1_000;
/** RFC 1123. It becomes part of a path of the Kubernetes API. */
const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
/** The bundle must not hold up a pod: the volume is optional and the copy is retried with the next pod. */
const PREPARE_TIMEOUT_MS = 2_000;

interface Review {
  readonly apiVersion?: string;
  readonly request?: { readonly uid?: string; readonly namespace?: string; readonly object?: PodLike; readonly dryRun?: boolean };
}

/** Answers AdmissionReviews of pods; whatever goes wrong, the pod is let in as it is. */
export function createAdmissionServer(deps: AdmissionServerDeps, options: AdmissionServerOptions): Startable & { port(): number } {
  const log = createSparseLogger(deps.clock, deps.log);
  let server: Server | undefined;
  let renewal: NodeJS.Timeout | undefined;
  let held = 0;
  let reviews = 0;
  const seats = createSeats(deps, SEATS);
  const loadLabels = createKept(deps.clock, deps.loadNamespaceLabels);

  function makeCertificate(): Promise<KeyPair> {
    return signServerCertificate(deps.authority, options.names, deps.clock, VALID_MS);
  }

  async function review({ request }: Review): Promise<Record<string, unknown>> {
    const allowed = { uid: request?.uid ?? '', allowed: true };
    const { object: pod, namespace = '' } = request ?? {};
    if (reviews >= MAX_REVIEWS) {
      deps.metrics.admissions.inc({ outcome: 'too-many' });
      return allowed;
    }
    reviews += 1;
    try {
      if (pod === undefined || !NAMESPACE.test(namespace)) return allowed;
      const labels = wantsVisibility(pod) ? {} : await limited(loadLabels(namespace));
      const patch = wantsVisibility(pod, labels) ? toPodPatch(pod, namespace, options) : [];
      deps.metrics.admissions.inc({ outcome: patch.length === 0 ? 'unchanged' : 'changed' });
      if (patch.length === 0) return allowed;
      // A trial leaves nothing behind.
      if (request?.dryRun !== true) await limited(deps.provideBundle(namespace));
      return { ...allowed, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
    } catch (error) {
      deps.metrics.admissions.inc({ outcome: 'failed' });
      log.warn('a pod is let in without AWS visibility', { namespace, error: (error as Error).message });
      return allowed;
    } finally {
      reviews -= 1;
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of request) {
        bytes += (chunk as Buffer).length;
        held += (chunk as Buffer).length;
        if (bytes > MAX_REVIEW_BYTES || held > MAX_HELD_BYTES) {
          response.writeHead(bytes > MAX_REVIEW_BYTES ? 413 : 503).end();
          return;
        }
        chunks.push(chunk as Buffer);
      }
    } finally {
      held -= bytes;
    }
    const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString());
    const asked = (typeof parsed === 'object' && parsed !== null ? parsed : {}) as Review;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ apiVersion: asked.apiVersion ?? 'admission.k8s.io/v1', kind: 'AdmissionReview', response: await review(asked) }),
    );
  }

  return {
    port: () => (server?.address() as AddressInfo | null | undefined)?.port ?? 0,
    async start(): Promise<void> {
      const ca = options.clientCa;
      const tls: TlsOptions = {
        minVersion: 'TLSv1.2',
        handshakeTimeout: REQUEST_TIMEOUT_MS,
        ...(ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true }),
      };
      const opened = createServer({ ...tls, ...(await makeCertificate()) }, (request, response) => {
        answer(request, response).catch(() => {
          if (!response.headersSent) response.writeHead(400);
          response.end();
        });
      });
      server = opened;
      opened.requestTimeout = REQUEST_TIMEOUT_MS;
      opened.headersTimeout = REQUEST_TIMEOUT_MS;
      opened.on('connection', (socket: Socket) => {
        const seat = seats.take(socket.remoteAddress ?? '', () => socket.destroy());
        if (seat === undefined) socket.destroy();
        else socket.once('close', () => seat.leave());
      });
      await new Promise<void>((resolve, reject) => {
        opened.once('error', (cause) =>
          reject(new AppError('listen_failed', `cannot listen on port ${options.listen.port} for admission: ${cause.message}`, { cause })),
        );
        opened.listen(options.listen.port, options.listen.host, resolve);
      });
      renewal = setInterval(() => {
        makeCertificate().then(
          (pair) => opened.setSecureContext({ ...tls, ...pair }),
          (error: unknown) => log.error('certificate not renewed', { error: (error as Error).message }),
        );
      }, RENEW_MS).unref();
    },
    async stop(): Promise<void> {
      clearInterval(renewal);
      const closing = server;
      if (closing === undefined) return;
      closing.closeAllConnections();
      await new Promise<void>((done) => void closing.close(() => done()));
    },
  };
}

/** Remembers answers for a moment, also those that are under way. */
function createKept<T>(clock: Clock, load: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const kept = new Map<string, { readonly until: number; readonly value: Promise<T> }>();
  return (key) => {
    const known = kept.get(key);
    if (known !== undefined && known.until > clock.now()) return known.value;
    if (kept.size >= MAX_NAMESPACES) kept.clear();
    const value = load(key);
    value.catch(() => kept.delete(key));
    kept.set(key, { until: clock.now() + LABELS_KEPT_MS, value });
    return value;
  };
}

async function limited<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new AppError('aws-bundle-late', 'the Kubernetes API did not answer in time')), PREPARE_TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
