import { AppError } from '@nm/core';
import type { Command } from '../arguments/command.ts';
import { exitCode } from '../exit-codes.ts';
import { toDot } from '../graph/dot.ts';
import { toGraphModel } from '../graph/graph-model.ts';
import type { GraphModel } from '../graph/graph-model.ts';
import { toMermaid } from '../graph/mermaid.ts';
import type { CliHost } from '../host.ts';
import { writeResult, writeTo } from '../output/write.ts';
import { loadEdges } from './load-edges.ts';

type VisualizeCommand = Extract<Command, { command: 'visualize' }>;

export async function runVisualize(command: VisualizeCommand, host: CliHost): Promise<number> {
  const { edges } = await loadEdges(command.read, host);
  if (edges.length === 0) return exitCode('ok');
  const model = toGraphModel(edges, command.read);
  const { output } = command.read;
  await writeResult(host, output, [await draw(model, command.format)]);
  if (output !== undefined && output !== '-') await writeTo(host.stderr, `Exported graph as ${command.format} format to path ${output}\n`);
  return exitCode('ok');
}

async function draw(model: GraphModel, format: VisualizeCommand['format']): Promise<string | Uint8Array> {
  if (format === 'mermaid') return toMermaid(model);
  const dot = toDot(model);
  if (format === 'dot') return dot;
  const { MAX_DRAWN_EDGES, renderRaster, renderSvg } = await import('../graph/render.ts');
  if (model.edges.length > MAX_DRAWN_EDGES) {
    throw new AppError(
      'TOO_LARGE',
      `${model.edges.length} calls are too many for one picture (at most ${MAX_DRAWN_EDGES}): draw less (-n, --workload, --server), or write --format dot`,
    );
  }
  const svg = await renderSvg(dot);
  return format === 'svg' ? svg : await renderRaster(svg, format);
}
