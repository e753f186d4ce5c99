import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** A request that is refused before anything of it is read. */
export interface Refusal {
  readonly status: 400 | 403 | 405 | 415 | 421;
  readonly message: string;
}

export interface GuardOptions {
  /** Names besides those that nobody outside can own; lower case. */
  readonly allowedHosts: readonly string[];
  /** DNS domains of the cluster. */
  readonly clusterDomains: readonly string[];
  /** Namespace of the mapper: `mapper.NAMESPACE` is one of its names. */
  readonly namespace?: string;
}

/**
 * A browser on the user's machine must not be turned against a mapper that it can reach: a page of a foreign site could
 * point its own name at 127.0.0.1, so the name in Host must be one that only the cluster's or the machine's owner
 * gives (an address, one label, the cluster's domains, an allowed one), and a foreign page's Origin is refused.
 */
export function checkHostAndOrigin(request: IncomingMessage, options: GuardOptions): Refusal | undefined {
  const host = request.headers.host;
  const name = hostNameOf(host);
  if (host === undefined || name === undefined) return { status: 400, message: 'the header Host is missing or malformed' };
  if (!isOwnName(name, options) && !(request.headers.origin === undefined && isNameOfNamespace(name, options))) {
    return { status: 421, message: `the mapper is not known as ${name} here; if that name is right, add it with --allowed-hosts` };
  }
  const { origin } = request.headers;
  if (origin !== undefined && originHost(origin) !== host.toLowerCase()) {
    return { status: 403, message: 'requests of other sites are refused (Origin)' };
  }
  if (request.headers['sec-fetch-site'] === 'cross-site')
    return { status: 403, message: 'requests of other sites are refused (Sec-Fetch-Site)' };
  return undefined;
}

/** Queries and mutations come as POST with JSON: what a form of a foreign page cannot send. */
export function checkQueryRequest(request: IncomingMessage): Refusal | undefined {
  if (request.method !== 'POST') return { status: 405, message: 'queries are sent with POST' };
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') return { status: 415, message: 'the body must be application/json' };
  return undefined;
}

function isOwnName(name: string, options: GuardOptions): boolean {
  if (isIP(name) !== 0 || !name.includes('.')) return true;
  if (options.allowedHosts.includes(name)) return true;
  return ['svc', ...options.clusterDomains.map((domain) => `svc.${domain}`)].some((suffix) => name.endsWith(`.${suffix}`));
}

/**
 * `mapper.NAMESPACE`: for programs in the cluster. Not for browsers, which send Origin with a query: a namespace may be
 * called like a domain of the internet (`dev`, `tools`, `network`), and there everybody can have a name.
 */
function isNameOfNamespace(name: string, { namespace }: GuardOptions): boolean {
  return namespace !== undefined && name.endsWith(`.${namespace}`) && name.split('.').length === 2;
}

/** Name or address of a Host header, lower case, without port and final dot. */
function hostNameOf(host: string | undefined): string | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::\d{1,5})?$/.exec(host ?? '');
  if (match === null) return undefined;
  return (match[1] ?? match[2] ?? '').toLowerCase().replace(/\.$/, '');
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
