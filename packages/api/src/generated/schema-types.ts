// Written by tools/generate-api.ts from schema.graphql. Do not edit.
import type { ReportBatch as ReportBatchBody } from '../report/format.ts';

export interface Query {
  readonly serviceIntents: readonly ServiceIntents[];
  readonly intents: readonly Intent[];
  readonly health: boolean;
  readonly edges: EdgeConnection;
  readonly overview: Overview;
  readonly edge: Edge | null;
  readonly workloads: WorkloadConnection;
  readonly pods: readonly Pod[];
  readonly declaredCalls: DeclaredCalls;
  readonly clusters: readonly Cluster[];
  readonly namespaces: readonly Namespace[];
  readonly environments: readonly Environment[];
  readonly activity: Activity;
  readonly status: Status;
}

export interface QueryServiceIntentsArgs {
  readonly namespaces?: readonly string[] | null;
  readonly includeLabels?: readonly string[] | null;
  readonly includeAllLabels?: boolean | null;
}

export interface QueryIntentsArgs {
  readonly namespaces?: readonly string[] | null;
  readonly includeLabels?: readonly string[] | null;
  readonly excludeServiceWithLabels?: readonly string[] | null;
  readonly includeAllLabels?: boolean | null;
  readonly server?: ServerFilter | null;
}

export interface QueryEdgesArgs {
  readonly filter?: EdgeFilter | null;
  readonly since?: string | null;
  readonly until?: string | null;
  readonly first?: number | null;
  readonly after?: string | null;
}

export interface QueryOverviewArgs {
  readonly filter?: EdgeFilter | null;
  readonly since?: string | null;
  readonly until?: string | null;
  readonly first?: number | null;
}

export interface QueryEdgeArgs {
  readonly id: string;
  readonly since?: string | null;
  readonly until?: string | null;
}

export interface QueryWorkloadsArgs {
  readonly filter?: WorkloadFilter | null;
  readonly first?: number | null;
  readonly after?: string | null;
}

export interface QueryPodsArgs {
  readonly workload: WorkloadSelector;
}

export interface QueryDeclaredCallsArgs {
  readonly namespaces?: readonly string[] | null;
  readonly unseen?: boolean | null;
  readonly first?: number | null;
}

export interface QueryNamespacesArgs {
  readonly clusters?: readonly string[] | null;
}

export interface QueryActivityArgs {
  readonly filter?: EdgeFilter | null;
  readonly edge?: string | null;
  readonly since?: string | null;
  readonly until?: string | null;
  readonly buckets?: number | null;
}

export interface Mutation {
  readonly resetCapture: boolean;
  readonly reportCaptureResults: boolean;
  readonly reportTCPCaptureResults: boolean;
  readonly reportSocketScanResults: boolean;
  readonly reportKafkaMapperResults: boolean;
  readonly reportIstioConnectionResults: boolean;
  readonly reportAWSOperation: boolean;
  readonly reportAzureOperation: boolean;
  readonly reportGCPOperation: boolean;
  readonly reportTrafficLevelResults: boolean;
  readonly report: ReportAnswer;
}

export interface MutationReportCaptureResultsArgs {
  readonly results: CaptureResults;
}

export interface MutationReportTCPCaptureResultsArgs {
  readonly results: CaptureTCPResults;
}

export interface MutationReportSocketScanResultsArgs {
  readonly results: SocketScanResults;
}

export interface MutationReportKafkaMapperResultsArgs {
  readonly results: KafkaMapperResults;
}

export interface MutationReportIstioConnectionResultsArgs {
  readonly results: IstioConnectionResults;
}

export interface MutationReportAWSOperationArgs {
  readonly operation: readonly AWSOperation[];
}

export interface MutationReportAzureOperationArgs {
  readonly operation: readonly AzureOperation[];
}

export interface MutationReportGCPOperationArgs {
  readonly operation: readonly GCPOperation[];
}

export interface MutationReportTrafficLevelResultsArgs {
  readonly results: TrafficLevelResults;
}

export interface MutationReportArgs {
  readonly batch: ReportBatchBody;
}

export interface Subscription {
  readonly changes: Changes;
}

export interface SubscriptionChangesArgs {
  readonly filter?: EdgeFilter | null;
  readonly after?: string | null;
}

export interface CaptureResults {
  readonly results: readonly RecordedDestinationsForSrc[];
}

export interface CaptureTCPResults {
  readonly results: readonly RecordedDestinationsForSrc[];
}

export interface SocketScanResults {
  readonly results: readonly RecordedDestinationsForSrc[];
}

export interface RecordedDestinationsForSrc {
  readonly srcIp: string;
  readonly srcHostname: string;
  readonly destinations: readonly Destination[];
}

export interface Destination {
  readonly destination: string;
  readonly destinationIP?: string | null;
  readonly destinationPort?: number | null;
  readonly TTL?: number | null;
  readonly lastSeen: string;
  readonly srcPorts?: readonly number[] | null;
}

export interface KafkaMapperResults {
  readonly results: readonly KafkaMapperResult[];
}

export interface KafkaMapperResult {
  readonly srcIp: string;
  readonly serverPodName: string;
  readonly serverNamespace: string;
  readonly topic: string;
  readonly operation: string;
  readonly lastSeen: string;
}

export interface IstioConnectionResults {
  readonly results: readonly IstioConnection[];
}

export interface IstioConnection {
  readonly srcWorkload: string;
  readonly srcWorkloadNamespace: string;
  readonly dstWorkload: string;
  readonly dstServiceName: string;
  readonly dstWorkloadNamespace: string;
  readonly path: string;
  readonly methods: readonly HttpMethod[];
  readonly lastSeen: string;
}

export interface AWSOperation {
  readonly resource: string;
  readonly actions: readonly string[];
  readonly srcIp?: string | null;
  readonly iamRole?: string | null;
  readonly client?: NamespacedName | null;
}

export interface GCPOperation {
  readonly resource: string;
  readonly permissions: readonly string[];
  readonly srcIp?: string | null;
  readonly client?: NamespacedName | null;
}

export interface AzureOperation {
  readonly scope: string;
  readonly actions: readonly string[];
  readonly dataActions: readonly string[];
  readonly clientName: string;
  readonly clientNamespace: string;
}

export interface TrafficLevelResults {
  readonly results: readonly TrafficLevelResult[];
}

export interface TrafficLevelResult {
  readonly srcIP: string;
  readonly dstIP: string;
  readonly bytesSent: number;
  readonly flows: number;
}

export interface NamespacedName {
  readonly name: string;
  readonly namespace: string;
}

export interface ServerFilter {
  readonly name: string;
  readonly namespace: string;
}

export interface ServiceIntents {
  readonly client: OtterizeServiceIdentity;
  readonly intents: readonly OtterizeServiceIdentity[];
}

export interface Intent {
  readonly client: OtterizeServiceIdentity;
  readonly server: OtterizeServiceIdentity;
  readonly type: IntentType | null;
  readonly resolutionData: string | null;
  readonly kafkaTopics: readonly KafkaConfig[] | null;
  readonly httpResources: readonly HttpResource[] | null;
  readonly awsActions: readonly string[] | null;
}

export interface OtterizeServiceIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly labels: readonly PodLabel[] | null;
  readonly nameResolvedUsingAnnotation: boolean | null;
  readonly resolutionData: IdentityResolutionData | null;
  readonly podOwnerKind: GroupVersionKind | null;
  readonly kubernetesService: string | null;
}

export interface GroupVersionKind {
  readonly group: string | null;
  readonly version: string;
  readonly kind: string;
}

export interface PodLabel {
  readonly key: string;
  readonly value: string;
}

export interface KafkaConfig {
  readonly name: string;
  readonly operations: readonly KafkaOperation[] | null;
}

export interface HttpResource {
  readonly path: string;
  readonly methods: readonly HttpMethod[] | null;
}

export interface IdentityResolutionData {
  readonly host: string | null;
  readonly podHostname: string | null;
  readonly procfsHostname: string | null;
  readonly port: number | null;
  readonly isService: boolean | null;
  readonly uptime: string | null;
  readonly lastSeen: string | null;
  readonly extraInfo: string | null;
  readonly hasLinkerdSidecar: boolean | null;
  readonly tcpDestResolveFixData: TCPDestResolveFixData | null;
}

export interface TCPDestResolveFixData {
  readonly isSrcControlPlane: boolean;
  readonly resolvedUsingIp: boolean;
}

export type IntentType = 'HTTP' | 'KAFKA' | 'DATABASE' | 'AWS' | 'S3';

export type KafkaOperation = 'ALL' | 'CONSUME' | 'PRODUCE' | 'CREATE' | 'ALTER' | 'DELETE' | 'DESCRIBE' | 'CLUSTER_ACTION' | 'DESCRIBE_CONFIGS' | 'ALTER_CONFIGS' | 'IDEMPOTENT_WRITE';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS' | 'TRACE' | 'PATCH' | 'CONNECT' | 'ALL';

export interface EdgeFilter {
  readonly ids?: readonly string[] | null;
  readonly namespaces?: readonly string[] | null;
  readonly clusters?: readonly string[] | null;
  readonly environments?: readonly string[] | null;
  readonly peer?: PeerFilter | null;
  readonly client?: PeerFilter | null;
  readonly server?: PeerFilter | null;
  readonly evidence?: readonly EvidenceKind[] | null;
  readonly ports?: readonly number[] | null;
  readonly protocols?: readonly TransportProtocol[] | null;
  readonly domains?: readonly string[] | null;
  readonly text?: string | null;
  readonly includeSystem?: boolean | null;
  readonly includeUnknown?: boolean | null;
}

export interface PeerFilter {
  readonly types?: readonly PeerType[] | null;
  readonly clusters?: readonly string[] | null;
  readonly namespaces?: readonly string[] | null;
  readonly environments?: readonly string[] | null;
  readonly names?: readonly string[] | null;
  readonly workloads?: readonly WorkloadSelector[] | null;
  readonly labels?: readonly string[] | null;
  readonly domains?: readonly string[] | null;
  readonly text?: string | null;
}

export interface WorkloadSelector {
  readonly name: string;
  readonly namespace?: string | null;
  readonly cluster?: string | null;
  readonly kind?: string | null;
}

export interface WorkloadFilter {
  readonly namespaces?: readonly string[] | null;
  readonly clusters?: readonly string[] | null;
  readonly environments?: readonly string[] | null;
  readonly text?: string | null;
  readonly workloads?: readonly WorkloadSelector[] | null;
}

export interface EdgeConnection {
  readonly nodes: readonly Edge[];
  readonly pageInfo: PageInfo;
  readonly totalCount: number;
  readonly window: Window;
}

export interface PageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

export interface Window {
  readonly since: string | null;
  readonly until: string | null;
}

export interface Edge {
  readonly id: string;
  readonly client: Peer;
  readonly server: Peer;
  readonly class: EdgeClass;
  readonly shared: boolean;
  readonly evidence: EvidenceMap;
  readonly ports: readonly Port[];
  readonly services: readonly ServiceRef[] | null;
  readonly names: readonly string[] | null;
  readonly kafka: readonly KafkaAccess[] | null;
  readonly http: readonly HttpAccess[] | null;
  readonly actions: readonly CloudAccess[] | null;
  readonly via: Peer | null;
  readonly bytesSent: number | null;
  readonly protection: Protection | null;
  readonly firstSeen: string;
  readonly lastSeen: string;
}

export interface Protection {
  readonly network: PolicyVerdict | null;
  readonly mesh: PolicyVerdict | null;
  readonly intents: IntentState | null;
}

export interface PolicyVerdict {
  readonly state: PolicyState;
  readonly policies: readonly string[];
  readonly exceptions: readonly PolicyException[] | null;
  readonly caveats: readonly string[] | null;
  readonly serverSelected: boolean | null;
}

export interface PolicyException {
  readonly port: number | null;
  readonly protocol: string;
  readonly state: PolicyState;
}

export type PolicyState = 'allowed' | 'denied' | 'open' | 'unknown';

export type IntentState = 'declared' | 'undeclared' | 'unmanaged' | 'unseen';

export interface Peer {
  readonly type: PeerType;
  readonly cluster: string | null;
  readonly namespace: string | null;
  readonly name: string | null;
  readonly kind: string | null;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly environment: string | null;
  readonly domain: string | null;
  readonly addresses: readonly string[] | null;
  readonly addressCount: number | null;
  readonly scope: InternetScope | null;
  readonly resource: string | null;
  readonly service: string | null;
  readonly account: string | null;
  readonly region: string | null;
  readonly address: string | null;
  readonly reason: string | null;
}

export type PeerType = 'workload' | 'service' | 'internet' | 'apiServer' | 'node' | 'aws' | 'gcp' | 'azure' | 'unknown';

export type InternetScope = 'public' | 'private';

export type EdgeClass = 'app' | 'system';

export type EvidenceKind = 'dns' | 'tcp' | 'socket' | 'udp' | 'kafka' | 'http' | 'aws';

export type TransportProtocol = 'TCP' | 'UDP' | 'SCTP' | 'HBONE';

export interface EvidenceMap {
  readonly dns: Evidence | null;
  readonly tcp: Evidence | null;
  readonly socket: Evidence | null;
  readonly udp: Evidence | null;
  readonly kafka: Evidence | null;
  readonly http: Evidence | null;
  readonly aws: Evidence | null;
}

export interface Evidence {
  readonly count: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly approximate: boolean | null;
}

export interface Port {
  readonly port: number | null;
  readonly protocol: TransportProtocol;
  readonly service: ServiceRef | null;
  readonly servicePort: number | null;
  readonly evidence: EvidenceMap;
}

export interface ServiceRef {
  readonly namespace: string;
  readonly name: string;
}

export interface KafkaAccess {
  readonly topic: string;
  readonly operation: string;
  readonly allowed: boolean;
  readonly resourceType: string | null;
  readonly principal: string | null;
}

export interface HttpAccess {
  readonly path: string;
  readonly methods: readonly string[];
}

export interface CloudAccess {
  readonly action: string;
  readonly count: number;
}

export interface Overview {
  readonly groups: readonly PeerGroup[];
  readonly links: readonly GroupLink[];
  readonly linkCount: number;
  readonly edgeCount: number;
  readonly window: Window;
}

export interface PeerGroup {
  readonly id: string;
  readonly type: GroupType;
  readonly cluster: string | null;
  readonly namespace: string | null;
  readonly environment: string | null;
  readonly scope: InternetScope | null;
  readonly peers: number;
  readonly workloads: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly lastSeen: string;
  readonly servers: ServerTally | null;
}

export type GroupType = 'namespace' | 'internet' | 'apiServer' | 'node' | 'aws' | 'gcp' | 'azure' | 'unknown';

export interface ServerTally {
  readonly protected: number;
  readonly open: number;
}

export interface GroupLink {
  readonly client: string;
  readonly server: string;
  readonly edges: number;
  readonly evidence: Readonly<Record<string, number>>;
  readonly lookedUpOnly: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly protection: ProtectionTally;
}

export interface ProtectionTally {
  readonly network: Readonly<Record<string, number>>;
  readonly mesh: Readonly<Record<string, number>>;
  readonly intents: Readonly<Record<string, number>>;
}

export interface DeclaredCalls {
  readonly nodes: readonly DeclaredCall[];
  readonly totalCount: number;
  readonly unseenCount: number;
}

export interface DeclaredCall {
  readonly intents: string;
  readonly client: Peer;
  readonly server: Peer;
  readonly topics: readonly string[] | null;
  readonly ports: readonly number[] | null;
  readonly state: IntentState;
}

export interface WorkloadConnection {
  readonly nodes: readonly Workload[];
  readonly pageInfo: PageInfo;
}

export interface Workload {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly environment: string | null;
  readonly outgoing: number;
  readonly incoming: number;
  readonly lastSeen: string;
  readonly protection: WorkloadProtection | null;
}

export interface WorkloadProtection {
  readonly state: ServerState;
  readonly ingress: readonly string[];
  readonly egress: readonly string[];
  readonly mesh: readonly string[];
  readonly intents: readonly string[];
  readonly hostNetwork: boolean;
}

export type ServerState = 'protected' | 'open';

export interface Pod {
  readonly name: string;
  readonly node: string | null;
  readonly addresses: readonly string[];
  readonly phase: string;
  readonly ready: boolean | null;
  readonly createdAt: string;
}

export interface Cluster {
  readonly id: string | null;
  readonly name: string;
  readonly own: boolean;
}

export interface Namespace {
  readonly cluster: string;
  readonly name: string;
  readonly environment: string | null;
}

export interface Environment {
  readonly name: string;
  readonly namespaces: readonly Namespace[];
}

export interface Activity {
  readonly window: Window;
  readonly bucketMs: number;
  readonly points: readonly ActivityPoint[];
}

export interface ActivityPoint {
  readonly at: string;
  readonly count: number;
}

export interface Changes {
  readonly cursor: string;
  readonly edges: readonly Edge[];
  readonly reset: boolean;
}

export interface Status {
  readonly version: string;
  readonly startedAt: string;
  readonly ready: boolean;
  readonly cluster: string;
  readonly clusterId: string | null;
  readonly store: string;
  readonly edges: number;
  readonly maxEdges: number;
  readonly retentionMs: number;
  readonly resetAt: string | null;
  readonly waiting: number;
  readonly reporters: readonly ReporterStatus[];
  readonly dropped: Readonly<Record<string, number>>;
  readonly unresolved: Readonly<Record<string, number>>;
  readonly losses: Readonly<Record<string, number>>;
  readonly nodesWithoutSniffer: readonly string[];
}

export interface ReporterStatus {
  readonly kind: string;
  readonly node: string | null;
  readonly instance: string;
  readonly version: string;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly batches: number;
  readonly observations: number;
  readonly rejected: number;
  readonly clockOffsetMs: number | null;
  readonly losses: Readonly<Record<string, number>>;
}

export interface ReportAnswer {
  readonly stored: number;
  readonly rejected: readonly RejectedRow[];
  readonly retryAfterMs: number;
  readonly settings: ReportSettings;
}

export interface RejectedRow {
  readonly index: number;
  readonly code: string;
}

export interface ReportSettings {
  readonly dnsPorts: readonly number[];
  readonly reportIntervalMs: number;
}
