import cytoscape from 'cytoscape';
import fcose from 'cytoscape-fcose';
import { separate } from '../graph/separate.ts';
import type { LayoutAnswer, LayoutRequest } from './messages.ts';

/** Lays a map out away from the page's own thread: cytoscape without a screen, fcose for boxes in boxes. */
cytoscape.use(fcose);

function meanWidth({ nodes }: LayoutRequest): number {
  const widths = nodes.flatMap(({ width }) => width ?? []);
  return widths.reduce((sum, width) => sum + width, 0) / Math.max(1, widths.length);
}

addEventListener('message', ({ data }: MessageEvent<LayoutRequest>) => {
  const cy = cytoscape({
    headless: true,
    styleEnabled: true,
    style: [{ selector: 'node[width]', style: { width: 'data(width)', height: 'data(height)' } }],
    elements: [
      ...data.nodes.map(({ x, y, ...node }) => ({ group: 'nodes' as const, data: node, position: { x, y } })),
      ...data.edges.map((edge) => ({ group: 'edges' as const, data: { ...edge } })),
    ],
  });
  // Options of the extension, which cytoscape's own types do not know.
  const options = {
    name: 'fcose',
    quality: 'default',
    randomize: true,
    animate: false,
    nodeDimensionsIncludeLabels: false,
    nodeSeparation: 80,
    // Room for the names themselves, and for the lines between them.
    idealEdgeLength: meanWidth(data) * 0.6 + 40,
    nodeRepulsion: 5_500,
    edgeElasticity: 0.3,
    gravityCompound: 1.4,
    nestingFactor: 0.2,
    tilingPaddingVertical: 14,
    tilingPaddingHorizontal: 14,
    numIter: data.nodes.length > 250 ? 1_200 : 2_500,
  };
  cy.layout(options as cytoscape.LayoutOptions).run();
  const found = new Map(cy.nodes('[width]').map((node) => [node.id(), { x: node.position('x'), y: node.position('y') }]));
  cy.destroy();
  const nodes = new Map(data.nodes.map(({ x: _x, y: _y, ...node }) => [node.id, { ...node, label: '', classes: '' }]));
  const places = [...separate({ nodes, edges: new Map() }, found)].map(([id, { x, y }]) => [id, x, y] as const);
  postMessage({ id: data.id, places } satisfies LayoutAnswer);
});
