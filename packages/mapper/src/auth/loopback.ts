const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/** Exactly the addresses from which a port-forward connects; not all of 127/8, which containers can be given. */
export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && LOOPBACK.has(address);
}

/** Whether only this machine reaches a listener. */
export function isLoopbackHost(host: string | undefined): boolean {
  return host === 'localhost' || isLoopback(host);
}

/** Containers of meshes that connect to the application from inside its pod, for callers from anywhere. */
const SIDECARS =
  /^(istio-proxy|linkerd-proxy|envoy|consul-dataplane|kuma-sidecar|cilium-envoy|envoy-sidecar|osm-proxy|nginx-mesh-sidecar)$/;

export function isMeshSidecar(containerName: string): boolean {
  return SIDECARS.test(containerName);
}
