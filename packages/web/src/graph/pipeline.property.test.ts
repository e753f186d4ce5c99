import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFixtureMap } from '../testing/fixture-map.ts';
import { diffElements, toElements } from './elements.ts';
import type { GraphElements } from './elements.ts';
import { filterLinks, NO_FILTER } from './filter.ts';
import { groupNodes } from './group.ts';
import { createMapModel } from './model.ts';
import { placeNodes } from './place.ts';
import { toViewGraph } from './view-graph.ts';

const MAP = fc.record({ workloads: fc.integer({ min: 4, max: 60 }), edges: fc.integer({ min: 1, max: 150 }), seed: fc.nat() });
const GROUPS = fc.uniqueArray(fc.constantFrom('n:main/shop', 'n:main/payments', 'n:main/search', 'o:internet', 'o:aws', 'n:main/kafka'));

function build(size: { workloads: number; edges: number; seed: number }, closed: readonly string[]) {
  const model = createMapModel();
  model.upsert(createFixtureMap(size));
  const links = filterLinks(model, { ...NO_FILTER, showSystem: true, showUnknown: true });
  const view = toViewGraph(links, groupNodes(links), { opened: new Set(), closed: new Set(closed) });
  return { model, links, view, elements: toElements(view, 0) };
}

test('nothing is lost and nothing invented, whatever is closed', () => {
  fc.assert(
    fc.property(MAP, GROUPS, (size, closed) => {
      const { links, view } = build(size, closed);
      const drawn = view.edges.flatMap((edge) => edge.links);
      const inside = links.length - drawn.length;
      expect(new Set(drawn).size).toBe(drawn.length);
      expect(inside).toBeGreaterThanOrEqual(0);
      expect(closed.length > 0 || inside === 0).toBe(true);
      expect(view.nodes.reduce((sum, node) => sum + node.size, 0)).toBe(groupNodes(links).nodes.length);
    }),
    { numRuns: 60 },
  );
});

test('every edge ends at a node that is drawn, every parent is a box', () => {
  fc.assert(
    fc.property(MAP, GROUPS, (size, closed) => {
      const { elements } = build(size, closed);
      for (const { source, target } of elements.edges.values()) {
        expect(elements.nodes.has(source) && elements.nodes.has(target)).toBe(true);
      }
      const parents = [...elements.nodes.values()].flatMap(({ parent }) => elements.nodes.get(parent ?? '') ?? []);
      expect(parents.filter(({ width }) => width !== undefined)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test('applying the difference gives the next picture', () => {
  fc.assert(
    fc.property(MAP, MAP, GROUPS, (one, two, closed) => {
      const [before, after] = [build(one, []).elements, build(two, closed).elements];
      expect(applied(before, diffElements(before, after))).toEqual({
        nodes: [...after.nodes.keys()].toSorted(),
        edges: [...after.edges.keys()].toSorted(),
      });
    }),
    { numRuns: 40 },
  );
});

function applied(before: GraphElements, change: ReturnType<typeof diffElements>) {
  const nodes = new Set([...before.nodes.keys(), ...change.addedNodes.map(({ id }) => id)]);
  const edges = new Set([...before.edges.keys(), ...change.addedEdges.map(({ id }) => id)]);
  for (const id of change.removedNodes) nodes.delete(id);
  for (const id of change.removedEdges) edges.delete(id);
  return { nodes: [...nodes].toSorted(), edges: [...edges].toSorted() };
}

test('places are finite, complete, and never move once known', () => {
  fc.assert(
    fc.property(MAP, fc.integer({ min: 1, max: 40 }), (size, more) => {
      const first = placeNodes(build(size, []).elements, new Map());
      const grown = build({ ...size, edges: size.edges + more }, []).elements;
      const second = placeNodes(grown, first.positions);
      for (const node of grown.nodes.values()) {
        const at = second.positions.get(node.id);
        if (node.width === undefined) continue;
        expect(Number.isFinite(at?.x) && Number.isFinite(at?.y)).toBe(true);
        expect(at).toEqual(second.isFresh ? at : (first.positions.get(node.id) ?? at));
      }
    }),
    { numRuns: 60 },
  );
});
