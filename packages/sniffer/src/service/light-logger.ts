import type { Logger } from '@nm/core';
import type { LogLevel } from '@nm/runtime';

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/**
 * JSON lines like runtime's logger writes them, without its library: on every node of a cluster its 4 MB count more
 * than its speed, and a sniffer logs a few lines an hour.
 */
export function createLightLogger(options: {
  readonly name: string;
  readonly level: LogLevel;
  readonly write: (line: string) => void;
}): Logger {
  const least = LEVELS.indexOf(options.level);
  const at =
    (level: LogLevel) =>
    (message: string, fields: Record<string, unknown> = {}): void => {
      const rank = LEVELS.indexOf(level);
      if (rank < least) return;
      // pino's numbers: 20 debug, 30 info, 40 warn, 50 error.
      const line = { level: 20 + rank * 10, time: new Date().toISOString(), part: options.name, ...fields, msg: message };
      options.write(`${JSON.stringify(line)}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
