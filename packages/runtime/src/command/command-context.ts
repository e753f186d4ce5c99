/** What the process gives a command that it runs. */
export interface CommandContext {
  /** Arguments after the command's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder against which file names in arguments resolve. */
  readonly cwd: string;
  /** Aborted on SIGINT and SIGTERM: stop in order, then return. */
  readonly signal: AbortSignal;
  readonly version?: string;
  /** Standard output unless given. */
  readonly stdout?: (text: string) => void;
}
