export { loadEnvoy } from '../istio/testing/envoy.ts';
export * from '../istio/testing/envoy-bootstrap.ts';
