import { createHash } from 'node:crypto';
import type { Peer } from '@nm/core';
import type { Value } from '../backend.ts';

/** Separates the parts of a key; sorts before every printable character, so that "a" comes before "a-b". */
const PART = '\u0001';
const SIDE = '\u0002';
/** Longer keys are cut and end in a digest: PostgreSQL indexes at most about 2,700 bytes. */
const MAX_KEY = 800;
const MAX_TEXT = 2_000;
const BUCKET_DIGITS = 10;

/**
 * Identity of a peer that sorts as lists do: namespace, name, then the rest. Like core's peerKey, but with the
 * cluster's number, so that a cluster can be renamed.
 */
export function peerSortKey(peer: Peer, clusterId: number): string {
  return bounded(keyParts(peer, clusterId).map(clean).join(PART));
}

/** `port` only for edges of nameless peers (core's edgeKey). */
export function edgeSortKey(client: string, server: string, port: string): string {
  const key = `${client}${SIDE}${server}`;
  return bounded(port === '' ? key : `${key}${SIDE}${port}`, 2 * MAX_KEY + 100);
}

/** Columns of PEER_IDENTITY. */
export function peerRow(key: string, peer: Peer, clusterId: number, attributes: string): Value[] {
  const namespace = clean('namespace' in peer ? peer.namespace : '');
  const name = clean(nameOf(peer));
  const kind = clean(peer.type === 'workload' ? peer.kind : '');
  const domain = clean(peer.type === 'internet' ? (peer.domain ?? '') : '');
  const search = `${namespace}/${name} ${domain} ${kind}`.toLowerCase();
  return [key, peer.type, clusterId, namespace, name, kind, domain, search, attributes];
}

/**
 * Attributes as they are stored: the bucket of their time first, so that the greater text is the newer one and, in
 * one bucket, the same one whatever the order.
 */
export function datedAttributes(attributes: string, bucket: number): string {
  return attributes === '' ? '' : `${String(bucket).padStart(BUCKET_DIGITS, '0')}${attributes}`;
}

/** The JSON part of stored attributes, '' without any. */
export function undatedAttributes(stored: string): string {
  return stored.slice(BUCKET_DIGITS);
}

/** What is not identity, as JSON with sorted keys: equal facts give equal text. */
export function attributesOf(peer: Peer): string {
  switch (peer.type) {
    case 'workload':
      return peer.labels === undefined ? '' : JSON.stringify({ labels: sorted(peer.labels) });
    case 'aws':
    case 'gcp':
    case 'azure':
      return JSON.stringify(sorted({ account: peer.account, region: peer.region, service: peer.service }));
    case 'unknown':
      return peer.reason === undefined ? '' : JSON.stringify({ reason: peer.reason });
    case 'service':
    case 'internet':
    case 'apiServer':
    case 'node':
      return '';
  }
}

/** Text that both databases take: no NUL, no separators of ours, no lone surrogates. */
export function clean(text: string): string {
  const cut = text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text;
  // oxlint-disable-next-line no-control-regex
  return cut.toWellFormed().replace(/[\u0000-\u0002]/g, '\ufffd');
}

function keyParts(peer: Peer, clusterId: number): string[] {
  const cluster = String(clusterId);
  switch (peer.type) {
    case 'workload':
      return [peer.namespace, peer.name, 'workload', cluster, peer.kind];
    case 'service':
      return [peer.namespace, peer.name, 'service', cluster];
    case 'internet':
      return ['', peer.domain ?? '', 'internet', peer.scope];
    case 'apiServer':
      return ['', '', 'apiServer', cluster];
    case 'node':
      return ['', peer.name, 'node', cluster];
    case 'aws':
    case 'gcp':
    case 'azure':
      return ['', peer.resource, peer.type];
    case 'unknown':
      return ['', peer.address ?? '', 'unknown', cluster];
  }
}

function nameOf(peer: Peer): string {
  switch (peer.type) {
    case 'workload':
    case 'service':
    case 'node':
      return peer.name;
    case 'internet':
      return peer.scope;
    case 'apiServer':
      return 'kubernetes';
    case 'aws':
    case 'gcp':
    case 'azure':
      return peer.resource;
    case 'unknown':
      return peer.address ?? '';
  }
}

function sorted(record: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(record).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [clean(key), clean(value)]));
}

function bounded(key: string, max: number = MAX_KEY): string {
  if (key.length <= max) return key;
  return `${key.slice(0, max - 64)}${PART}${createHash('sha256').update(key).digest('base64url')}`;
}
