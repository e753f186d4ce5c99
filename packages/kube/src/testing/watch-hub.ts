import type { ServerResponse } from 'node:http';
import { apiVersionOf, collectionPath } from './resource-table.ts';
import type { FakeResource } from './resource-table.ts';
import { matchesSelectors } from './selectors.ts';
import type { FakeEvent, FakeObject, ObjectStore } from './object-store.ts';

/** Open watches, and what can be done to them. Without a resource: to all of them. */
export interface WatchHub {
  open(
    resource: FakeResource,
    namespace: string | undefined,
    query: URLSearchParams,
    toJson: (object: FakeObject) => unknown,
    response: ServerResponse,
  ): void;
  count(resource?: FakeResource): number;
  bookmark(resource?: FakeResource): void;
  /** Sends text as it is: a broken line, half a line. */
  sendRaw(text: string, resource?: FakeResource): void;
  /** Ends the answers properly, as at the server's timeout. */
  end(resource?: FakeResource): void;
  /** Breaks the connections. */
  drop(resource?: FakeResource): void;
  /** Keeps them open but silent, until resume or drop; what happens meanwhile is never sent. */
  silence(resource?: FakeResource): void;
  /** Sends an ERROR event with that code and ends. */
  error(code: number, message: string, resource?: FakeResource): void;
}

interface Watch {
  readonly resource: FakeResource;
  readonly response: ServerResponse;
  readonly send: (type: string, object: unknown) => void;
  readonly matches: (object: FakeObject) => boolean;
  readonly toJson: (object: FakeObject) => unknown;
  readonly wantsBookmarks: boolean;
  isSilent: boolean;
}

export function createWatchHub(store: ObjectStore): WatchHub {
  const watches = new Set<Watch>();
  const chosen = (resource?: FakeResource): Watch[] =>
    [...watches].filter((watch) => resource === undefined || collectionPath(watch.resource) === collectionPath(resource));
  const finish = (watch: Watch): void => {
    watches.delete(watch);
    watch.response.end();
  };
  store.onEvent((resource, event) => {
    for (const watch of chosen(resource)) deliver(watch, event);
  });
  return {
    open(resource, namespace, query, toJson, response) {
      const send = (type: string, object: unknown): void => void response.write(`${JSON.stringify({ type, object })}\n`);
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.flushHeaders();
      const matches = (object: FakeObject): boolean =>
        (namespace === undefined || object.metadata.namespace === namespace) && matchesSelectors(object, query);
      const watch: Watch = {
        resource,
        response,
        send,
        matches,
        toJson,
        wantsBookmarks: query.get('allowWatchBookmarks') === 'true',
        isSilent: false,
      };
      const version = query.get('resourceVersion') ?? '';
      if (version === '' || version === '0') {
        for (const object of store.list(resource)) if (matches(object)) send('ADDED', toJson(object));
      } else {
        const events = store.eventsAfter(resource, Number(version));
        if (events === undefined) {
          send('ERROR', status(410, `too old resource version: ${version} (${store.compactedAt()})`));
          response.end();
          return;
        }
        for (const event of events) deliver(watch, event);
      }
      watches.add(watch);
      const timeout = query.get('timeoutSeconds');
      const timer = timeout === null ? undefined : setTimeout(() => finish(watch), Number(timeout) * 1000);
      response.on('close', () => {
        clearTimeout(timer);
        watches.delete(watch);
      });
    },
    count: (resource) => chosen(resource).length,
    bookmark(resource) {
      for (const watch of chosen(resource)) {
        if (!watch.wantsBookmarks || watch.isSilent) continue;
        watch.send('BOOKMARK', {
          kind: watch.resource.kind,
          apiVersion: apiVersionOf(watch.resource),
          metadata: { resourceVersion: String(store.version()), creationTimestamp: null },
        });
      }
    },
    sendRaw: (text, resource) => chosen(resource).forEach((watch) => watch.response.write(text)),
    end: (resource) => chosen(resource).forEach(finish),
    drop: (resource) => chosen(resource).forEach((watch) => watch.response.destroy()),
    silence(resource) {
      for (const watch of chosen(resource)) watch.isSilent = true;
    },
    error(code, message, resource) {
      for (const watch of chosen(resource)) {
        watch.send('ERROR', status(code, message));
        finish(watch);
      }
    },
  };
}

function deliver(watch: Watch, event: FakeEvent): void {
  if (!watch.isSilent && watch.matches(event.object)) watch.send(event.type, watch.toJson(event.object));
}

const REASONS: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
};

/** A Status object (meta/v1). */
export function status(code: number, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: REASONS[code] ?? '', code };
}
