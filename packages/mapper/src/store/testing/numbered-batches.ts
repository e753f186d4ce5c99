import type { StoreBatch } from '../batch.ts';
import type { Store } from '../store.ts';
import { allEdges, T0, update, workload } from './updates.ts';

const EDGES = 50;
const UPDATES = 40;

/** Batch `sequence` of a reporter: every one adds UPDATES calls, to edges that all reporters share. */
export function batchOf(instance: string, sequence: number): StoreBatch {
  return {
    reporter: { instance, sequence, kind: 'sniffer', cluster: 'one', seenAt: T0 },
    parts: [
      {
        updates: Array.from({ length: UPDATES }, (_, index) =>
          update({
            client: workload(`client-${(sequence * 7 + index * 3) % EDGES}`),
            server:
              index % 5 === 0
                ? { type: 'internet', domain: `d${sequence % 20}.example`, addresses: [`203.0.113.${sequence % 250}`], scope: 'public' }
                : workload('server'),
            lastSeenAt: T0 + sequence * 1000,
          }),
        ),
      },
    ],
  };
}

/** Calls that are on the map, and calls that the stored sequences of the reporters stand for. */
export async function callsOf(store: Store, instances: readonly string[]): Promise<{ onMap: number; stored: number }> {
  const edges = await allEdges(store);
  const onMap = edges.reduce((sum, { edge }) => sum + (edge.evidence.tcp?.count ?? 0), 0);
  const states = await Promise.all(instances.map((instance) => store.reporter(instance)));
  return { onMap, stored: states.reduce((sum, state) => sum + (state?.sequence ?? 0) * UPDATES, 0) };
}
