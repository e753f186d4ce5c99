import { nodeText } from './filter.ts';
import type { MapModel, MapNode } from './model.ts';

const MAX_RESULTS = 50;

/** Nodes whose name, namespace, kind or addresses hold every word; the best match first: whole name, start, inside. */
export function searchNodes(model: MapModel, query: string): MapNode[] {
  const words = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const found: { readonly node: MapNode; readonly score: number }[] = [];
  for (const node of model.nodes.values()) {
    const text = nodeText(node).toLowerCase();
    if (!words.every((word) => text.includes(word))) continue;
    const name = node.name.toLowerCase();
    const first = words[0] ?? '';
    const score = name === first ? 0 : name.startsWith(first) ? 1 : name.includes(first) ? 2 : 3;
    found.push({ node, score });
  }
  return found
    .sort((a, b) => a.score - b.score || a.node.name.length - b.node.name.length || (a.node.name < b.node.name ? -1 : 1))
    .slice(0, MAX_RESULTS)
    .map(({ node }) => node);
}
