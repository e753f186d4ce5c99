/** The compatible view of an edge: the GraphQL type Intent, field by field (packages/api/schema.graphql). */
export interface Intent {
  readonly client: IntentIdentity;
  readonly server: IntentIdentity;
  readonly type?: IntentType;
  readonly kafkaTopics?: readonly { readonly name: string; readonly operations: readonly string[] }[];
  readonly httpResources?: readonly { readonly path: string; readonly methods: readonly string[] }[];
  readonly awsActions?: readonly string[];
}

export type IntentType = 'HTTP' | 'KAFKA' | 'DATABASE' | 'AWS' | 'S3';

/** The GraphQL type OtterizeServiceIdentity. */
export interface IntentIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly labels?: readonly { readonly key: string; readonly value: string }[];
  readonly nameResolvedUsingAnnotation?: boolean;
  readonly podOwnerKind?: { readonly group?: string; readonly version: string; readonly kind: string };
  /** Name of the Service that the client asked for. */
  readonly kubernetesService?: string;
}
