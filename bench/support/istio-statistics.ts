/** Counters that each proxy of the benchmarks has. */
const SERIES = 2000;

/** A proxy's statistics at the `look`-th look: one series in a hundred has risen since the one before. */
export function answer(look: number): Buffer {
  const lines = ['# TYPE istio_requests_total counter'];
  for (let index = 0; index < SERIES; index += 1) {
    const value = 1000 + (index % 100 === look % 100 ? look : 0);
    lines.push(
      `istio_requests_total{reporter="source",source_workload="frontend",source_canonical_service="frontend",source_canonical_revision="latest",source_workload_namespace="shop",source_principal="spiffe://cluster.local/ns/shop/sa/frontend",source_app="frontend",source_version="",source_cluster="Kubernetes",destination_workload="cart-${index % 40}",destination_workload_namespace="shop",destination_principal="spiffe://cluster.local/ns/shop/sa/cart",destination_app="cart",destination_version="v1",destination_service="cart.shop.svc.cluster.local",destination_canonical_service="cart",destination_canonical_revision="v1",destination_service_name="cart",destination_service_namespace="shop",destination_cluster="Kubernetes",request_protocol="http",response_code="200",grpc_response_status="",response_flags="-",connection_security_policy="unknown",request_method="GET",request_path="/cart/items/${index}"} ${value}`,
    );
  }
  return Buffer.from(`${lines.join('\n')}\n`);
}
