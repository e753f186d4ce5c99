/** A life cycle: `start` resolves when ready, `stop` when everything is released. */
export interface Startable {
  start(signal?: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}
