/** Namespaces that Kubernetes, its distributions and this tool use for themselves. */
export function isSystemNamespace(namespace: string): boolean {
  return /^(kube-(system|public|node-lease)|local-path-storage|openshift(-.*)?|gke-.*|gmp-.*|calico-.*|tigera-.*|network-mapper|otterize-system)$/.test(
    namespace,
  );
}
