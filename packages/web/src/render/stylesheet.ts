import type { StylesheetJson } from 'cytoscape';
import { EDGE_LOOKS, NODE_LOOKS } from '../graph/looks.ts';
import type { EdgeLook, NodeLook, Outline, Palette } from '../graph/looks.ts';
import { FONT } from './paint-map.ts';

/** What elements look like on a small map, by their classes; the looks themselves are those of every other picture. */
export function toStylesheet(theme: Palette): StylesheetJson {
  const rule = (selector: string, style: object) => ({ selector, style });
  return [
    rule('node', {
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
      'text-wrap': 'wrap',
      'line-height': 1.3,
      'min-zoomed-font-size': 6,
      'overlay-opacity': 0,
    }),
    // Boxes have no size of their own: they enclose their content.
    rule('node[width]', { width: 'data(width)', height: 'data(height)' }),
    ...Object.entries(NODE_LOOKS).map(([name, look]) => rule(`node.peer.${name}`, nodeStyle(look, theme))),
    rule('node.box', {
      shape: 'round-rectangle',
      'background-color': theme.box,
      'background-opacity': 0.55,
      'border-color': theme.boxBorder,
      padding: '18px',
      color: theme.muted,
      'font-size': 13,
      'font-weight': 600,
      'text-wrap': 'none',
      'text-valign': 'top',
      'text-halign': 'center',
      'text-margin-y': -4,
      'min-zoomed-font-size': 4,
    }),
    rule('edge', {
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
    ...Object.entries(EDGE_LOOKS).map(([name, look]) => rule(`edge.${name}`, edgeStyle(look, theme))),
    rule('.faded', { opacity: 0.14 }),
    rule('node.near', { 'border-color': theme.accent, 'border-width': 2 }),
    rule('edge.near', { opacity: 1, 'z-index': 9 }),
    rule('node:selected, node.chosen', { 'border-color': theme.accent, 'border-width': 3 }),
    rule('edge:selected, edge.chosen', { 'line-color': theme.accent, 'target-arrow-color': theme.accent, opacity: 1, 'z-index': 10 }),
  ] as StylesheetJson;
}

function edgeStyle({ colour, dash, head, hollow, tail, middle, opacity }: Partial<EdgeLook>, theme: Palette): object {
  return {
    ...(colour === undefined
      ? {}
      : { 'line-color': theme[colour], 'target-arrow-color': theme[colour], 'source-arrow-color': theme[colour] }),
    ...(dash === undefined ? {} : dash.length === 0 ? { 'line-style': 'solid' } : { 'line-style': 'dashed', 'line-dash-pattern': dash }),
    ...(head === undefined ? {} : { 'target-arrow-shape': head }),
    ...(hollow === undefined ? {} : { 'target-arrow-fill': hollow ? 'hollow' : 'filled' }),
    ...(tail === undefined ? {} : { 'source-arrow-shape': tail }),
    ...(middle === undefined ? {} : { 'mid-target-arrow-shape': middle, 'mid-target-arrow-color': theme[colour ?? 'edge'] }),
    ...(opacity === undefined ? {} : { opacity }),
  };
}

const SHAPES: Readonly<Record<Outline, string>> = {
  round: 'round-rectangle',
  pill: 'round-rectangle',
  cut: 'cut-rectangle',
  rectangle: 'rectangle',
  hexagon: 'hexagon',
  barrel: 'barrel',
};

function nodeStyle({ outline, fill, colour, border, double, dash }: Partial<NodeLook>, theme: Palette): object {
  return {
    ...(outline === undefined ? {} : { shape: SHAPES[outline] }),
    ...(outline === 'pill' ? { 'corner-radius': '14' } : {}),
    ...(fill === undefined ? {} : { 'background-color': theme[fill] }),
    ...(colour === undefined ? {} : { 'border-color': theme[colour] }),
    ...(border === undefined ? {} : { 'border-width': border }),
    ...(double === true ? { 'border-style': 'double' } : dash === undefined ? {} : { 'border-style': 'dashed' }),
  };
}
