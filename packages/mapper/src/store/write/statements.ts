import type { Column, IdentityStatement, InsertStatement, UpdateStatement, UpsertStatement } from '../backend.ts';

/** The statements of the write path; every merge commutes, so that replicas need no leader. */

const integer = (name: string): Column => ({ name, type: 'integer' });
const text = (name: string): Column => ({ name, type: 'text' });

export const PEER_IDENTITY: IdentityStatement = {
  table: 'peer',
  columns: [
    text('key'),
    text('type'),
    integer('cluster_id'),
    text('namespace'),
    text('name'),
    text('kind'),
    text('domain'),
    text('search'),
    text('attributes'),
  ],
  key: ['key'],
};

export const PEER_UPDATE: UpdateStatement = {
  table: 'peer',
  columns: [integer('id'), text('attributes')],
  merge: { attributes: 'max' },
};

export const EDGE_IDENTITY: IdentityStatement = {
  table: 'edge',
  columns: [
    text('key'),
    integer('cluster_id'),
    integer('client_id'),
    integer('server_id'),
    text('class'),
    integer('shared'),
    integer('outside'),
    integer('first_bucket'),
    integer('last_bucket'),
    integer('version'),
  ],
  key: ['key'],
};

export const EVIDENCE_IDENTITY: IdentityStatement = {
  table: 'evidence',
  columns: [
    integer('edge_id'),
    text('slot'),
    text('kind'),
    text('vantage'),
    integer('port'),
    text('protocol'),
    text('service_namespace'),
    text('service_name'),
    integer('service_port'),
    integer('approximate'),
    integer('first_at'),
    integer('last_bucket'),
  ],
  key: ['edge_id', 'slot'],
};

export const EVIDENCE_UPDATE: UpdateStatement = {
  table: 'evidence',
  columns: [integer('id'), integer('approximate'), integer('first_at'), integer('last_bucket')],
  merge: { approximate: 'max', first_at: 'min', last_bucket: 'max' },
};

export const EVIDENCE_EARLIER: UpdateStatement = {
  table: 'evidence',
  columns: [integer('id'), integer('first_at')],
  merge: { first_at: 'min' },
};

/** `app` sorts before `system`: an edge that is ever an application's is one. Shared is what never was direct. */
export const EDGE_UPDATE: UpdateStatement = {
  table: 'edge',
  columns: [integer('id'), text('class'), integer('shared'), integer('first_bucket'), integer('last_bucket'), integer('version')],
  merge: { class: 'min', shared: 'min', first_bucket: 'min', last_bucket: 'max', version: 'max' },
};

export const EDGE_TOUCH: UpdateStatement = {
  table: 'edge',
  columns: [integer('id'), integer('version')],
  merge: { version: 'max' },
};

export const ACTIVITY_UPSERT: UpsertStatement = {
  table: 'activity',
  columns: [integer('evidence_id'), integer('width'), integer('start'), integer('count'), integer('first_offset'), integer('last_offset')],
  conflict: ['evidence_id', 'width', 'start'],
  merge: { count: 'sum', first_offset: 'min', last_offset: 'max' },
};

export const TRAFFIC_UPSERT: UpsertStatement = {
  table: 'traffic',
  columns: [integer('cluster_id'), integer('side'), integer('width'), integer('start'), integer('count')],
  conflict: ['cluster_id', 'side', 'width', 'start'],
  merge: { count: 'sum' },
};

export const DETAIL_UPSERT: UpsertStatement = {
  table: 'detail',
  columns: [
    integer('edge_id'),
    text('kind'),
    text('value'),
    integer('rank'),
    integer('count'),
    integer('first_bucket'),
    integer('last_bucket'),
  ],
  conflict: ['edge_id', 'kind', 'value'],
  merge: { count: 'sum', first_bucket: 'min', last_bucket: 'max' },
};

export const REPEAT_KEY_INSERT: InsertStatement = {
  table: 'repeat_key',
  columns: [integer('digest'), integer('seen_at')],
};

export const WAITING_INSERT: UpsertStatement = {
  table: 'waiting',
  columns: [integer('cluster_id'), integer('seen_at'), integer('received_at'), integer('due_at'), integer('attempts'), text('body')],
  conflict: ['id'],
  merge: {},
};

export const INTERVAL_UPSERT: UpsertStatement = {
  table: 'address_interval',
  columns: [integer('cluster_id'), text('kind'), text('uid'), integer('from_at'), integer('to_at'), text('body')],
  conflict: ['cluster_id', 'kind', 'uid'],
  merge: { from_at: 'replace', to_at: 'keep', body: 'replace' },
};
