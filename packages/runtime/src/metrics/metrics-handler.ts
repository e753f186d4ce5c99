import type { RequestListener } from 'node:http';
import type { Logger } from '@nm/core';
import type { Registry } from 'prom-client';
import type { Health } from '../health.ts';

/** Serves /metrics, /healthz and /readyz, and nothing else. */
export function createMetricsHandler(deps: {
  readonly register: Registry;
  readonly health: Health;
  readonly log: Logger;
  /** Called before each scrape, to set gauges that are read rather than counted. */
  readonly collect?: () => void | Promise<void>;
}): RequestListener {
  return (request, response) => {
    // Not by `new URL`: it throws for targets such as `//`, and what a listener throws ends the process.
    const path = (request.url ?? '/').split('?', 1)[0];
    if (deps.health.handle(request, response)) return;
    if (path !== '/metrics' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not found: /metrics, /healthz and /readyz are here\n');
      return;
    }
    void respond();

    async function respond(): Promise<void> {
      try {
        await deps.collect?.();
        const body = await deps.register.metrics();
        response.writeHead(200, { 'content-type': deps.register.contentType, 'cache-control': 'no-store' }).end(body);
      } catch (error) {
        deps.log.error('metrics could not be collected', { error: (error as Error).message });
        response.writeHead(500, { 'content-type': 'text/plain' }).end('metrics could not be collected: the log says why\n');
      }
    }
  };
}
