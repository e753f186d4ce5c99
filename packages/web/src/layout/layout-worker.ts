import cytoscape from 'cytoscape';
import fcose from 'cytoscape-fcose';
import type { LayoutAnswer, LayoutRequest } from './messages.ts';

/** Lays a map out away from the page's own thread: cytoscape without a screen, fcose for boxes in boxes. */
cytoscape.use(fcose);

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
    idealEdgeLength: 85,
    nodeRepulsion: 5_500,
    edgeElasticity: 0.3,
    gravityCompound: 1.4,
    nestingFactor: 0.2,
    tilingPaddingVertical: 14,
    tilingPaddingHorizontal: 14,
    numIter: data.nodes.length > 250 ? 1_200 : 2_500,
  };
  cy.layout(options as cytoscape.LayoutOptions).run();
  const places = cy.nodes('[width]').map((node) => [node.id(), node.position('x'), node.position('y')] as const);
  cy.destroy();
  postMessage({ id: data.id, places } satisfies LayoutAnswer);
});
