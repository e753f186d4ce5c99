import { METRIC_NAMES, TOTAL } from './mesh-series.ts';
import type { MeshMetric } from './mesh-series.ts';

/**
 * Tags of Istio's counters in the order in which the proxy joins them (istio/proxy
 * source/extensions/filters/http/istio_stats/istio_stats.cc); tags that the Telemetry API adds follow, sorted by name.
 */
const TAGS = [
  'reporter',
  'source_workload',
  'source_canonical_service',
  'source_canonical_revision',
  'source_workload_namespace',
  'source_principal',
  'source_app',
  'source_version',
  'source_cluster',
  'destination_workload',
  'destination_workload_namespace',
  'destination_principal',
  'destination_app',
  'destination_version',
  'destination_service',
  'destination_canonical_service',
  'destination_canonical_revision',
  'destination_service_name',
  'destination_service_namespace',
  'destination_cluster',
  'request_protocol',
  'response_code',
  'grpc_response_status',
  'response_flags',
  'connection_security_policy',
] as const;

/** Added tags that are looked for besides method and path; those that sort behind the path would else be part of it. */
const ADDED_TAGS = ['destination_port', 'request_host', 'request_method', 'request_operation', 'request_path', 'request_url_path'];

const ORDER = [...TAGS, ...ADDED_TAGS];

export interface StatName {
  readonly metric: MeshMetric;
  readonly labels: ReadonlyMap<string, string>;
}

/**
 * Parses the name of one of Istio's counters as Envoy's admin interface writes it (`stats?format=json`): the tags joined
 * by dots without any escape (Istio 1.17 and later), or `key=.=value;.;` pairs (before). Undefined for other statistics.
 *
 * Values may hold dots and the words of keys, an empty one may vanish with its dot; only the known order of the tags
 * tells them apart. The path is the tail of the name.
 */
export function parseStatName(name: string): StatName | undefined {
  for (const metric of ['requests', 'connections'] as const) {
    // Pairs end with the name, and a path before it may hold it too.
    const at = name.includes('=.=') ? name.lastIndexOf(METRIC_NAMES[metric]) : name.indexOf(METRIC_NAMES[metric]);
    if (at < 0) continue;
    const base = at + METRIC_NAMES[metric].length;
    const end = name.startsWith(TOTAL, base) ? base + TOTAL.length : base;
    if (name.includes('=.=') && end === name.length) return { metric, labels: parsePairs(name.slice(0, at)) };
    if (name.startsWith('.', end)) return { metric, labels: parseJoined(name, end) };
  }
  return undefined;
}

function parseJoined(name: string, from: number): ReadonlyMap<string, string> {
  // Tags that the mesh was told to leave out must not be found in the path, which is any text.
  const path = findTag(name, 'request_path', from, name.length);
  if (path < 0) return walkTags(name, from, name.length);
  const labels = walkTags(name, from, path);
  // The host asked for is a client's text too: where nothing of ours follows it, the word was part of the host.
  const isHostCut = labels.has(HOST_TAG) && !BEHIND_HOST.some((tag) => labels.has(tag));
  return isHostCut ? walkTags(name, from, name.length) : labels;
}

const HOST_TAG = 'destination_service';
const BEHIND_HOST = TAGS.slice(TAGS.indexOf(HOST_TAG) + 1);
const [AFTER_HOST = '', SECOND_AFTER_HOST = ''] = BEHIND_HOST;

function walkTags(name: string, from: number, builtInEnd: number): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  let key: string | undefined;
  let valueAt = from;
  for (const [index, tag] of ORDER.entries()) {
    const limit = index < TAGS.length ? builtInEnd : name.length;
    let at = findTag(name, tag, valueAt, limit);
    if (tag === AFTER_HOST && at >= 0) at = lastBefore(name, tag, at, findTag(name, SECOND_AFTER_HOST, at, limit));
    // The first tag stands right behind the metric's name; the others end the value before them.
    if (at < 0 || (key === undefined && at !== from)) continue;
    if (key !== undefined) labels.set(key, name.slice(valueAt + 1, at));
    key = tag;
    valueAt = at + 1 + tag.length;
  }
  if (key !== undefined) labels.set(key, name.slice(valueAt + 1));
  return labels;
}

/** The last place of the tag before `limit`: the host in front of it may hold the word as well. */
function lastBefore(name: string, tag: string, first: number, limit: number): number {
  let last = first;
  for (let at = findTag(name, tag, first + 1, limit); at >= 0; at = findTag(name, tag, at + 1, limit)) last = at;
  return last;
}

/** Position of the dot before `tag`, which must be a whole word of the name and begin before `limit`. */
function findTag(name: string, tag: string, from: number, limit: number): number {
  const text = `.${tag}`;
  for (let at = name.indexOf(text, from); at >= 0 && at < limit; at = name.indexOf(text, at + 1)) {
    const end = at + text.length;
    if (end === name.length || name.charCodeAt(end) === DOT) return at;
  }
  return -1;
}

const DOT = 0x2e;

function parsePairs(text: string): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  let last: string | undefined;
  for (const part of text.split(';.;')) {
    const mark = part.indexOf('=.=');
    const key = part.slice(0, mark);
    if (mark > 0 && /^[\w.]+$/.test(key)) {
      // The first key may stand behind the prefix of a scope.
      last = key.slice(key.lastIndexOf('.') + 1);
      labels.set(last, part.slice(mark + 3));
    } else if (last !== undefined && part !== '_' && part !== '') labels.set(last, `${labels.get(last) ?? ''};.;${part}`);
  }
  return labels;
}
