import { compareText } from '../map-document/sort-edges.ts';
import type { CloudAccess, Edge, KafkaAccess } from '../model/edge.ts';
import type { EdgeUpdate } from '../model/edge-update.ts';
import type { Peer, ServiceRef } from '../model/peer.ts';

/** Foreign names that an edge to a peer of the cluster keeps. */
const MAX_NAMES = 16;

/** What only some edges have: Services and names asked for, topics, paths, actions. */
export interface EdgeDetails {
  readonly services: ServiceRef[];
  readonly names: Set<string>;
  readonly kafka: Map<string, KafkaAccess>;
  readonly http: Map<string, Set<string>>;
  readonly actions: Map<string, number>;
  via: Peer | undefined;
}

/** True when an update carries more than counts and a Service, which the book keeps by itself. */
export function hasDetails(update: EdgeUpdate): boolean {
  return (
    update.name !== undefined ||
    update.kafka !== undefined ||
    update.http !== undefined ||
    update.actions !== undefined ||
    update.via !== undefined
  );
}

export function emptyDetails(): EdgeDetails {
  return { services: [], names: new Set(), kafka: new Map(), http: new Map(), actions: new Map(), via: undefined };
}

export function addDetails(details: EdgeDetails, update: EdgeUpdate): void {
  if (update.name !== undefined) addName(details, update.name);
  if (update.kafka !== undefined) {
    const { topic, operation, allowed, resourceType, principal } = update.kafka;
    details.kafka.set([resourceType ?? '', topic, operation, allowed, principal ?? ''].join('\n'), update.kafka);
  }
  if (update.http !== undefined) {
    const methods = details.http.get(update.http.path) ?? new Set();
    for (const method of update.http.methods) methods.add(method);
    details.http.set(update.http.path, methods);
  }
  for (const { action, count } of update.actions ?? []) details.actions.set(action, (details.actions.get(action) ?? 0) + count);
  details.via ??= update.via;
}

export function addName(details: EdgeDetails, name: string): void {
  if (details.names.size < MAX_NAMES) details.names.add(name);
}

export function addService(details: EdgeDetails, service: ServiceRef): void {
  if (!details.services.some(({ namespace, name }) => namespace === service.namespace && name === service.name))
    details.services.push(service);
}

/** The details as an edge shows them, each list sorted; nothing for what is empty. */
export function toDetails(details: EdgeDetails): Partial<Edge> {
  const { services, names, kafka, http, actions, via } = details;
  return {
    ...(services.length === 0
      ? {}
      : { services: services.toSorted((a, b) => compareText(a.namespace, b.namespace) || compareText(a.name, b.name)) }),
    ...(names.size === 0 ? {} : { names: [...names].sort() }),
    ...(kafka.size === 0
      ? {}
      : { kafka: [...kafka.values()].sort((a, b) => compareText(a.topic, b.topic) || compareText(a.operation, b.operation)) }),
    ...(http.size === 0
      ? {}
      : { http: [...http].map(([path, methods]) => ({ path, methods: [...methods].sort() })).sort((a, b) => compareText(a.path, b.path)) }),
    ...(actions.size === 0
      ? {}
      : {
          actions: [...actions].map(([action, count]): CloudAccess => ({ action, count })).sort((a, b) => compareText(a.action, b.action)),
        }),
    ...(via === undefined ? {} : { via }),
  };
}
