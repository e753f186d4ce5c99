import { describe, expect, test } from 'vitest';
import type { EdgeElement, GraphElements, NodeElement } from '../graph/elements.ts';
import { createHitIndex } from './hit-index.ts';

const leaf = (id: string, parent?: string): NodeElement => ({
  id,
  label: id,
  classes: 'peer',
  width: 40,
  height: 20,
  ...(parent === undefined ? {} : { parent }),
});
const edge = (source: string, target: string): EdgeElement => ({ id: `${source}>${target}`, source, target, classes: '', width: 2 });
const elements: GraphElements = {
  nodes: new Map(
    [
      { id: 'outer', label: '', classes: 'box' },
      { id: 'inner', label: '', classes: 'box', parent: 'outer' },
      leaf('a', 'inner'),
      leaf('b'),
    ].map((node) => [node.id, node]),
  ),
  edges: new Map([edge('a', 'b'), edge('b', 'b')].map((item) => [item.id, item])),
};
const index = createHitIndex(elements, (id) => ({ a: { x: 0, y: 0 }, b: { x: 300, y: 0 } })[id]);

describe('what is under the pointer', () => {
  test.each([
    ['the middle of a node', 0, 0, ['a']],
    ['just outside of a node', 21, 9, ['a']],
    ['on a line, outside of boxes', 150, 4, ['a>b']],
    ['on a line, within the innermost box', 30, 0, ['a>b', 'inner']],
    ['in a box beside the line', -30, -20, ['inner']],
    ['in the outer box only', -50, -40, ['outer']],
    ['beyond the end of a line', 340, 0, []],
    ['nowhere', 150, 80, []],
  ])('%s', (_name, x, y, ids) => expect(index.find(x, y, { node: 2, edge: 8 })).toEqual(ids));
});
