import type { IncomingMessage, ServerResponse } from 'node:http';

/** The state of one thing that must be well before the part is ready. */
export interface HealthCheck {
  readonly ok: boolean;
  /** Also shown when ok: what is missing or degraded although the part works. */
  readonly detail?: string;
}

/**
 * /healthz tells that this process lives, and nothing of others: a part whose peer is away must not be restarted.
 * /readyz tells whether it can serve, with each check as JSON.
 */
export interface Health {
  addCheck(name: string, check: () => HealthCheck): void;
  ready(): { readonly ready: boolean; readonly checks: Readonly<Record<string, HealthCheck>> };
  /** Answers the two paths; false for any other request. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
}

export function createHealth(): Health {
  const checks = new Map<string, () => HealthCheck>();
  const health: Health = {
    addCheck: (name, check) => void checks.set(name, check),
    ready() {
      const results = Object.fromEntries([...checks].map(([name, check]) => [name, check()]));
      return { ready: Object.values(results).every((result) => result.ok), checks: results };
    },
    handle(request, response) {
      const path = (request.url ?? '').split('?', 1)[0];
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      if (!isRead || (path !== '/healthz' && path !== '/readyz')) return false;
      const answer = path === '/healthz' ? { ready: true } : health.ready();
      const body = path === '/healthz' ? { alive: true } : answer;
      response.writeHead(answer.ready ? 200 : 503, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(request.method === 'HEAD' ? undefined : `${JSON.stringify(body)}\n`);
      return true;
    },
  };
  return health;
}
