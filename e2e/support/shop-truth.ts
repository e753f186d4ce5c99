import { connect } from 'node:net';
import { CALLS_OF_JOBS, CLIENTS, NODE_ADDRESS, NODE_PORT, serverOf } from '../shop/manifests.ts';
import type { Step } from '../shop/manifests.ts';
import { kubectl } from './cluster.ts';
import { countOf, edgeKey, edgeLine } from './live-map.ts';
import type { LiveEdge } from './live-map.ts';

/** One way of calling, as the programs' logs tell it. */
export interface SpokenCall {
  /** `client -> server` */
  readonly line: string;
  /** Connections that were made. */
  connects: number;
}

/** From this machine through a NodePort; kube-proxy puts the node's address in its place on the way. */
const OUTSIDE = 'internet 172.30.8.2 -> shop/web';

/** What the programs said they did until `until`, from the logs of all their pods that are still there. */
export async function spokenCalls(until = Number.POSITIVE_INFINITY): Promise<Map<string, SpokenCall>> {
  const calls = new Map<string, SpokenCall>();
  for (const { namespace, name, peer } of CLIENTS) {
    const log = await kubectl(['-n', namespace, 'logs', '-l', `w=${name}`, '--tail=-1', '--prefix=false']);
    for (const text of log.split('\n')) {
      if (!text.startsWith('{')) continue;
      const entry = JSON.parse(text) as Step & { readonly at: number; readonly ok?: string };
      if (entry.ok === undefined || entry.at > until) continue;
      const line = `${peer} -> ${serverOf(namespace, entry)}`;
      const call = calls.get(line) ?? { line, connects: 0 };
      if ('connect' in entry || 'address' in entry) call.connects += 1;
      calls.set(line, call);
    }
  }
  return calls;
}

/** Calls that were said and are not in the map. */
export function missingCalls(edges: readonly LiveEdge[], calls: ReadonlyMap<string, SpokenCall>): string[] {
  const known = new Set(edges.map(edgeKey));
  if (calls.size < CLIENTS.length - 1) return [`only ${calls.size} calls were made yet`];
  return [...calls.keys()].filter((line) => !known.has(line));
}

/** Edges of the shop that nobody said and no Job is made for. `more` are clients besides the shop's own. */
export function inventedCalls(
  edges: readonly LiveEdge[],
  calls: ReadonlyMap<string, SpokenCall>,
  more: ReadonlySet<string> = new Set(),
): string[] {
  // Of a host-network pod some connections are seen open, and then its process with them.
  const byPod = [...calls.keys()].flatMap((line) =>
    CLIENTS.flatMap(({ namespace, name, peer }) => (line.startsWith(`${peer} -> `) ? line.replace(peer, `${namespace}/${name}`) : [])),
  );
  const known = new Set([...calls.keys(), ...byPod, ...CALLS_OF_JOBS, ...more, OUTSIDE]);
  const isSaid = (line: string): boolean => known.has(line);
  return edges
    .filter(isOfShop)
    .filter((edge) => !isSaid(edgeKey(edge)))
    .map(edgeLine);
}

/** Calls whose connections the map counts otherwise than the programs. */
export function miscountedCalls(
  edges: readonly LiveEdge[],
  calls: ReadonlyMap<string, SpokenCall>,
): { readonly line: string; readonly said: number; readonly counted: number }[] {
  return [...calls.values()]
    .filter(({ connects }) => connects > 0)
    .map(({ line, connects }) => {
      const edge = edges.find((one) => edgeKey(one) === line);
      return { line, said: connects, counted: edge?.evidence['tcp']?.count ?? 0 };
    })
    .filter(isMiscounted);
}

/** By more than 2 % and the rounds between the looks. */
export function isMiscounted({ said, counted }: { readonly said: number; readonly counted: number }): boolean {
  return counted < said * 0.98 - 1 || counted > said * 1.02 + 16;
}

export function isOfShop(edge: LiveEdge): boolean {
  return [edge.client, edge.server].some(({ namespace }) => namespace === 'shop' || namespace === 'staging');
}

/** Edges that the later map lacks, or counts less often. */
export function lostCalls(before: readonly LiveEdge[], after: readonly LiveEdge[]): string[] {
  const now = new Map(after.map((edge) => [edgeKey(edge), edge]));
  return before.filter((edge) => countOf(now.get(edgeKey(edge))) < countOf(edge)).map(edgeLine);
}

/** Connects from this machine, which is outside of the cluster, to the NodePort. */
export async function callNodePort(times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await new Promise<void>((resolve, reject) => {
      const socket = connect({ host: NODE_ADDRESS, port: NODE_PORT }, () => socket.end(resolve));
      socket.setTimeout(3_000, () => socket.destroy(new Error('no answer')));
      socket.on('error', reject);
    });
  }
}
