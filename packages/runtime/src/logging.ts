import type { Logger } from '@nm/core';
import { pino } from 'pino';
import type { DestinationStream } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** JSON lines on `destination` (stdout by default), one object a line, time in RFC 3339. */
export function createLogger(options: { name: string; level: LogLevel; destination?: DestinationStream }): Logger {
  const settings = {
    level: options.level,
    base: { part: options.name },
    timestamp: (): string => `,"time":"${new Date().toISOString()}"`,
  };
  const log = options.destination === undefined ? pino(settings) : pino(settings, options.destination);
  return {
    debug: (message, fields) => log.debug(fields ?? {}, message),
    info: (message, fields) => log.info(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    error: (message, fields) => log.error(fields ?? {}, message),
  };
}
