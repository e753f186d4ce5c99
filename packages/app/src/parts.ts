import type { CommandContext } from '@nm/runtime';

/** A command that another package brings. */
export interface Part {
  readonly name: string;
  /** One line for --help. */
  readonly summary: string;
  /** Loads the package only now. The function runs until it is done or stopped and gives the exit code. */
  load(): Promise<(context: CommandContext) => Promise<number>>;
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
    name: 'backup',
    summary: "copy the mapper's database while it runs",
    load: async () => (await import('./parts/backup.ts')).runBackupPart,
  },
  {
    name: 'sniffer',
    summary: "see a node's lookups and connections and report them",
    load: async () => (await import('@nm/sniffer')).runSniffer,
  },
  { name: 'capture', summary: 'record traffic of this machine to a file', load: async () => (await import('@nm/sniffer')).runCapture },
  { name: 'kafka-watcher', summary: "follow Kafka's authorizer logs", load: async () => (await import('@nm/watchers')).runKafkaWatcher },
  { name: 'istio-watcher', summary: "read a mesh's metrics", load: async () => (await import('@nm/watchers')).runIstioWatcher },
  {
    name: 'telemetry',
    summary: 'show exactly what usage telemetry would be sent',
    load: async () => (await import('./parts/telemetry.ts')).runTelemetryPart,
  },
  {
    name: 'aws-actions',
    summary: 'print the IAM actions that recorded AWS requests need',
    load: async () => (await import('@nm/aws')).runAwsActions,
  },
  {
    name: 'aws-visibility',
    summary: 'see which AWS actions labelled pods use',
    load: async () => (await import('@nm/aws')).runAwsVisibility,
  },
];

/** `capture` for commands that capture besides what they do; absent in builds that cannot. */
export const capture: ((context: CommandContext) => Promise<number>) | undefined = async (context) =>
  (await import('@nm/sniffer')).runCapture(context);
