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
