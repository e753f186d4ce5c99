import type { MapLink } from './model.ts';

/** One node and what is around it: callers (up), callees (down) or both, so many hops away. */
export interface Focus {
  readonly nodeId: string;
  readonly direction: 'up' | 'down' | 'both';
  readonly hops: 1 | 2 | 3;
}

/** The links that lie on a path of at most `hops` from the focused node in the chosen direction. */
export function focusLinks(links: readonly MapLink[], focus: Focus): MapLink[] {
  const kept = new Set<MapLink>();
  if (focus.direction !== 'up') walk(links, focus, 'client', 'server', kept);
  if (focus.direction !== 'down') walk(links, focus, 'server', 'client', kept);
  return links.filter((link) => kept.has(link));
}

function walk(
  links: readonly MapLink[],
  { nodeId, hops }: Focus,
  from: 'client' | 'server',
  to: 'client' | 'server',
  kept: Set<MapLink>,
): void {
  const byFrom = new Map<string, MapLink[]>();
  for (const link of links) {
    const list = byFrom.get(link[from].id);
    if (list === undefined) byFrom.set(link[from].id, [link]);
    else list.push(link);
  }
  const reached = new Set([nodeId]);
  let frontier = [nodeId];
  for (let hop = 0; hop < hops; hop += 1) {
    const next: string[] = [];
    for (const id of frontier) {
      for (const link of byFrom.get(id) ?? []) {
        kept.add(link);
        if (reached.has(link[to].id)) continue;
        reached.add(link[to].id);
        next.push(link[to].id);
      }
    }
    frontier = next;
  }
}
