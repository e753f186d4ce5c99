/** Tells the time. Everything that needs "now" takes one, so that tests decide it. */
export interface Clock {
  /** Milliseconds since the Unix epoch, possibly with a fraction. */
  now(): number;
}

/** Structured log. Messages are static text; values go into `fields`. Never log tokens or payloads. */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** A log that goes nowhere, for tests and pure tools. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
