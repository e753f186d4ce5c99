/** Versions of the custom resource that exports write; every served version can be converted from them. */
export type ClientIntentsVersion = 'v1alpha3' | 'v2beta1';

export interface HttpRule {
  readonly path: string;
  readonly methods: readonly string[];
}

export interface TopicRule {
  readonly name: string;
  readonly operations: readonly string[];
}

export interface InternetRule {
  readonly domains?: readonly string[];
  readonly ips?: readonly string[];
  readonly ports?: readonly number[];
}

/** One entry of `spec.calls` in v1alpha3. */
export interface CallV1 {
  readonly name?: string;
  readonly kind?: string;
  readonly type?: 'http' | 'kafka' | 'aws' | 'gcp' | 'internet';
  readonly kafkaTopics?: readonly TopicRule[];
  readonly HTTPResources?: readonly HttpRule[];
  readonly awsActions?: readonly string[];
  readonly gcpPermissions?: readonly string[];
  readonly internet?: InternetRule;
}

/** One entry of `spec.targets` in v2beta1: exactly one key. */
export type TargetV2 =
  | { readonly kubernetes: { readonly name: string; readonly kind?: string; readonly http?: readonly HttpRule[] } }
  | { readonly service: { readonly name: string; readonly http?: readonly HttpRule[] } }
  | { readonly kafka: { readonly name: string; readonly topics: readonly TopicRule[] } }
  | { readonly aws: { readonly arn: string; readonly actions: readonly string[] } }
  | { readonly gcp: { readonly resource: string; readonly permissions: readonly string[] } }
  | { readonly azure: { readonly scope: string; readonly actions: readonly string[] } }
  | { readonly internet: InternetRule };

export interface ClientIntentsMetadata {
  readonly name: string;
  readonly namespace: string;
}

export interface ClientIntentsV1 {
  readonly apiVersion: 'k8s.otterize.com/v1alpha3';
  readonly kind: 'ClientIntents';
  readonly metadata: ClientIntentsMetadata;
  readonly spec: { readonly service: { readonly name: string; readonly kind?: string }; readonly calls: readonly CallV1[] };
}

export interface ClientIntentsV2 {
  readonly apiVersion: 'k8s.otterize.com/v2beta1';
  readonly kind: 'ClientIntents';
  readonly metadata: ClientIntentsMetadata;
  readonly spec: { readonly workload: { readonly name: string; readonly kind?: string }; readonly targets: readonly TargetV2[] };
}

export type ClientIntents = ClientIntentsV1 | ClientIntentsV2;

/** A document and what it could not say: one line each, for a comment above it. */
export interface ExportedIntents {
  readonly document: ClientIntents;
  readonly notes: readonly string[];
}
