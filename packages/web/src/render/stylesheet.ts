import type { StylesheetJson } from 'cytoscape';
import type { CanvasTheme } from './theme.ts';

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/**
 * What elements look like, by their classes. Kinds differ in shape, line and arrow, so that no meaning hangs on colour
 * alone: dotted is looked up only, dashed with a bar is denied.
 */
export function toStylesheet(theme: CanvasTheme): StylesheetJson {
  const node = (selector: string, style: object) => ({ selector, style });
  return [
    node('node', {
      shape: 'round-rectangle',
      'background-color': theme.node,
      'border-width': 1,
      'border-color': theme.border,
      label: 'data(label)',
      color: theme.text,
      'font-family': FONT,
      'font-size': 12,
      'text-valign': 'center',
      'text-halign': 'center',
      'min-zoomed-font-size': 6,
      'overlay-opacity': 0,
    }),
    // Boxes have no size of their own: they enclose their content.
    node('node[width]', { width: 'data(width)', height: 'data(height)' }),
    node('node.group', {
      'background-color': theme.group,
      'border-width': 1.5,
      'border-style': 'double',
      'text-wrap': 'wrap',
      'line-height': 1.3,
      'font-size': 12,
    }),
    node('node.internet', { shape: 'ellipse' }),
    node('node.internet.peer', { shape: 'round-rectangle', 'corner-radius': '14' }),
    node('node.service', { shape: 'cut-rectangle' }),
    node('node.node', { shape: 'rectangle', 'border-width': 2 }),
    node('node.apiServer', { shape: 'hexagon' }),
    node('node.aws, node.gcp, node.azure', { shape: 'barrel' }),
    node('node.unknown', { shape: 'rectangle', 'border-style': 'dashed' }),
    node('node.box', {
      shape: 'round-rectangle',
      'background-color': theme.box,
      'background-opacity': 0.55,
      'border-color': theme.boxBorder,
      padding: '18px',
      color: theme.muted,
      'font-size': 13,
      'font-weight': 600,
      'text-valign': 'top',
      'text-halign': 'center',
      'text-margin-y': -4,
      'min-zoomed-font-size': 4,
    }),
    node('edge', {
      width: 'data(width)',
      'line-color': theme.edge,
      'target-arrow-color': theme.edge,
      'target-arrow-shape': 'triangle',
      'arrow-scale': 0.9,
      'curve-style': 'bezier',
      'control-point-step-size': 26,
      opacity: 0.85,
      'overlay-opacity': 0,
    }),
    node('edge.many', { 'curve-style': 'straight', 'arrow-scale': 0.7 }),
    node('edge.internet', { 'line-color': theme.internet, 'target-arrow-color': theme.internet, 'target-arrow-shape': 'vee' }),
    node('edge.kafka', {
      'line-color': theme.kafka,
      'target-arrow-color': theme.kafka,
      'target-arrow-shape': 'diamond',
      'line-style': 'dashed',
      'line-dash-pattern': [10, 3],
    }),
    node('edge.http', { 'line-color': theme.http, 'target-arrow-color': theme.http, 'target-arrow-shape': 'chevron' }),
    node('edge.cloud', { 'line-color': theme.cloud, 'target-arrow-color': theme.cloud, 'target-arrow-shape': 'circle' }),
    node('edge.recent', { opacity: 0.6 }),
    node('edge.old', { opacity: 0.4 }),
    node('edge.many.fresh, edge.many.recent', { opacity: 0.38 }),
    node('edge.many.old', { opacity: 0.22 }),
    node('edge.looked-up', { 'line-style': 'dotted', 'target-arrow-fill': 'hollow' }),
    node('edge.undeclared', { 'source-arrow-shape': 'square', 'source-arrow-color': theme.danger }),
    node('edge.unseen', {
      'line-style': 'dashed',
      'line-dash-pattern': [1, 5],
      'target-arrow-fill': 'hollow',
      'source-arrow-shape': 'circle',
    }),
    node('edge.denied', {
      'line-style': 'dashed',
      'line-dash-pattern': [5, 4],
      'line-color': theme.danger,
      'target-arrow-color': theme.danger,
      'target-arrow-shape': 'tee',
      opacity: 0.95,
    }),
    node('edge.added', {
      'line-color': theme.added,
      'target-arrow-color': theme.added,
      'mid-target-arrow-shape': 'triangle',
      'mid-target-arrow-color': theme.added,
      opacity: 1,
    }),
    node('edge.gone', {
      'line-style': 'dashed',
      'line-dash-pattern': [2, 6],
      'line-color': theme.muted,
      'target-arrow-color': theme.muted,
      opacity: 0.9,
    }),
    node('edge.same', { opacity: 0.3 }),
    node('.faded', { opacity: 0.14 }),
    node('node.near', { 'border-color': theme.accent, 'border-width': 2 }),
    node('edge.near', { opacity: 1, 'z-index': 9 }),
    node('node:selected, node.chosen', { 'border-color': theme.accent, 'border-width': 3 }),
    node('edge:selected, edge.chosen', { 'line-color': theme.accent, 'target-arrow-color': theme.accent, opacity: 1, 'z-index': 10 }),
  ] as StylesheetJson;
}
