import type { RequestListener } from 'node:http';
import type { Health } from '@nm/runtime';
import { checkHostAndOrigin } from './request-guard.ts';
import type { GuardOptions } from './request-guard.ts';
import type { createQueryHandler } from './query-handler.ts';
import type { StaticFiles } from './static-files.ts';

/** What the listener of queries serves: /query, /healthz, /readyz, and the web UI. */
export function createRouter(
  deps: { readonly query: ReturnType<typeof createQueryHandler>; readonly health: Health; readonly files: StaticFiles },
  options: GuardOptions,
): RequestListener {
  return (request, response) => {
    // The kubelet asks by address, and whether we live is no secret.
    if (deps.health.handle(request, response)) return;
    const refusal = checkHostAndOrigin(request, options);
    if (refusal !== undefined) {
      response.writeHead(refusal.status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(`${refusal.message}\n`);
      return;
    }
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (path === '/query' || path === '/query/') {
      void deps.query(request, response);
      return;
    }
    if (deps.files.handle(request, response)) return;
    response
      .writeHead(404, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
      .end('not found; queries go to POST /query\n');
  };
}
