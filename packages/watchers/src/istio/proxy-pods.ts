import type { WatchedPod } from '../kube/watched-pod.ts';

/** What kind of proxy a pod runs, which says what its statistics hold. */
export type ProxyKind = 'sidecar' | 'gateway' | 'ztunnel';

export interface Proxy {
  readonly kind: ProxyKind;
  readonly pod: WatchedPod;
  readonly address: string;
  /** Differs for each run of the proxy: its counters begin again. */
  readonly run: string;
  readonly startedAt?: number;
  /** Ports to try, in this order. */
  readonly ports: readonly number[];
}

/** The container of every proxy of the mesh, ztunnel's too. */
export const PROXY_CONTAINER = 'istio-proxy';
/** Envoy's own listener: nothing but its statistics, so an application cannot put counters among them. */
const ENVOY_PORT = 15090;
/** The agent's: Envoy's statistics and the application's. ztunnel serves only its own there. */
const AGENT_PORT = 15020;

/** Label selectors that together find every proxy of a mesh; each is one list request. */
export const PROXY_SELECTORS = ['security.istio.io/tlsMode', 'gateway.networking.k8s.io/gateway-name', 'app=ztunnel', 'istio'] as const;

/** The proxy that a pod runs; undefined when it runs none, or none that can be asked now. */
export function toProxy(pod: WatchedPod): Proxy | undefined {
  const container = pod.containers.find(({ name }) => name === PROXY_CONTAINER);
  const [address] = pod.addresses;
  if (container === undefined || address === undefined || pod.phase !== 'Running') return undefined;
  const kind = kindOf(pod);
  return {
    kind,
    pod,
    address,
    run: `${pod.uid}/${container.id ?? ''}`,
    ...(container.startedAt === undefined ? {} : { startedAt: container.startedAt }),
    ports: kind === 'ztunnel' ? [AGENT_PORT] : [ENVOY_PORT, AGENT_PORT],
  };
}

function kindOf(pod: WatchedPod): ProxyKind {
  if (pod.labels['app'] === 'ztunnel') return 'ztunnel';
  // Gateways and waypoints run the proxy alone; a sidecar has a neighbour.
  return pod.containers.length === 1 || pod.labels['gateway.networking.k8s.io/gateway-name'] !== undefined ? 'gateway' : 'sidecar';
}
