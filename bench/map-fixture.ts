import type { Edge, Peer } from '@nm/core';

const AT = Date.UTC(2026, 0, 31, 12);

/** A map of so many edges between workloads, a tenth of them to the internet; `shift` changes every n-th edge. */
export function makeEdges(count: number, options: { readonly changeEvery?: number } = {}): Edge[] {
  const workloads = Math.max(50, Math.ceil(count / 20));
  const workload = (index: number): Peer => ({
    type: 'workload',
    cluster: 'default',
    namespace: `team-${index % 40}`,
    name: `app-${index}`,
    kind: 'Deployment',
    labels: { app: `app-${index}` },
  });
  return Array.from({ length: count }, (_, index): Edge => {
    const changed = options.changeEvery !== undefined && index % options.changeEvery === 0;
    const seen = { count: 1 + (index % 7), firstSeenAt: AT + index, lastSeenAt: AT + 60_000 + index };
    const client = index % workloads;
    const server: Peer =
      index % 10 === 0
        ? { type: 'internet', domain: `api-${index}.example.com`, addresses: ['203.0.113.7'], scope: 'public' }
        : workload((client + 1 + Math.floor(index / workloads)) % workloads);
    return {
      client: workload(client),
      server,
      class: 'app',
      shared: false,
      evidence: { dns: seen, tcp: seen },
      ports: [
        {
          port: changed ? 9090 : 8080,
          protocol: 'TCP',
          service: { namespace: `team-${index % 40}`, name: `app-${index}` },
          servicePort: 80,
          evidence: { tcp: seen },
        },
      ],
    };
  });
}
