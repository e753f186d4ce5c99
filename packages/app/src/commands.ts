import { CLI_COMMANDS } from '@nm/cli';

/** What a part gets from the process that runs it. */
export interface PartContext {
  /** Arguments after the command's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder against which file names in arguments resolve. */
  readonly cwd: string;
  /** Aborted on SIGINT and SIGTERM: stop in order, then return. */
  readonly signal: AbortSignal;
}

/** A command that another package brings. */
export interface Part {
  readonly name: string;
  /** One line for --help. */
  readonly summary: string;
  /** Loads the package only now. The function runs until it is done or stopped and gives the exit code. */
  load(): Promise<(context: PartContext) => Promise<number>>;
}

/** Every command that is not a reading command: add a part here and nowhere else. */
export const PARTS: readonly Part[] = [
  {
    name: 'demo',
    summary: 'show the map of a sample capture, or of the cluster at hand',
    load: async () => (await import('./demo/run-demo.ts')).runDemo,
  },
  {
    name: 'mapper',
    summary: 'keep the map and answer questions about it',
    load: async () => (await import('./parts/mapper.ts')).runMapperPart,
  },
  {
    name: 'sniffer',
    summary: "see a node's lookups and connections and report them",
    load: async () => (await import('@nm/sniffer')).runSniffer,
  },
  { name: 'capture', summary: 'record traffic of this machine to a file', load: async () => (await import('@nm/sniffer')).runCapture },
  { name: 'kafka-watcher', summary: "follow Kafka's authorizer logs", load: async () => (await import('@nm/watchers')).runKafkaWatcher },
  { name: 'istio-watcher', summary: "read a mesh's metrics", load: async () => (await import('@nm/watchers')).runIstioWatcher },
];

export const COMMAND_NAMES: readonly string[] = [...CLI_COMMANDS, ...PARTS.map(({ name }) => name)];

/** The command whose name is nearest to what was typed, if any is near. */
export function nearestCommand(typed: string): string | undefined {
  const ranked = COMMAND_NAMES.map((name) => ({ name, distance: editDistance(typed.toLowerCase(), name) })).toSorted(
    (a, b) => a.distance - b.distance,
  );
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.max(2, Math.floor(best.name.length / 3)) ? best.name : undefined;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : replaced;
      row.push(Math.min(at(i - 1, j) + 1, (row[j - 1] ?? 0) + 1, replaced, swapped));
    }
  }
  return at(a.length, b.length);
}
