import type { schema } from '@nm/api';
import type { ActivitySeries } from '../graph/activity.ts';
import type { LabelledWorkload } from '../graph/model.ts';
import type { MapOverview } from '../graph/overview.ts';
import type { UiEdge } from '../graph/ui-edge.ts';
import type { TimeRange, TimeWindow } from './time-range.ts';

export type UiStatus = schema.Status;

/** Above it edges are loaded without what only panels show, several pages at a time. */
export const LARGE_MAP_EDGES = 5_000;
/** Above it the map is shown from above at first, and opened on demand while the rest is loaded. */
export const OVERVIEW_EDGES = 12_000;

export interface LoadProgress {
  readonly loaded: number;
  readonly total: number;
}

/** What is under way on a live connection. */
export type LiveState = 'connected' | 'reconnecting';

export interface ChangeEvent {
  readonly edges: readonly UiEdge[];
  /** Everything before is void. */
  readonly reset: boolean;
}

/** Where a map comes from: a mapper, or a map file. */
export interface MapSource {
  readonly kind: 'live' | 'file';
  /** For people: the cluster's name or the file's. */
  readonly label: string;
  readonly defaultTime: TimeRange;
  /** Hands over pages as they come; answers the window that the counts really cover. Throws AppError or ApiError. */
  load(
    window: TimeWindow,
    onPage: (edges: readonly UiEdge[], progress: LoadProgress) => void,
    signal: AbortSignal,
    onOverview?: (overview: MapOverview) => void,
  ): Promise<{ readonly window: TimeWindow }>;
  /** All edges with an end in this namespace, ahead of everything else. */
  loadNamespace(namespace: string, window: TimeWindow, onPage: (edges: readonly UiEdge[]) => void, signal: AbortSignal): Promise<void>;
  /** All edges of the window with everything that is known about them, in pages; `load` may leave out what only panels show. */
  loadDetailed(window: TimeWindow, onPage: (edges: readonly UiEdge[]) => void, signal: AbortSignal): Promise<void>;
  /** Those of these edges that the window has, at most 1,000. */
  loadEdges(ids: readonly string[], window: TimeWindow, signal: AbortSignal): Promise<readonly UiEdge[]>;
  /** One edge with everything that is known about it; undefined when it is gone. */
  loadEdge(id: string, window: TimeWindow, signal: AbortSignal): Promise<UiEdge | undefined>;
  /** Labels of all workloads, where `load` leaves them out of large maps; nothing where it does not. */
  loadLabels(onPage: (workloads: readonly LabelledWorkload[]) => void, signal: AbortSignal): Promise<void>;
  /** The workload's pods now, and what protects it; undefined where the source knows neither. */
  loadWorkload(workload: WorkloadName, signal: AbortSignal): Promise<WorkloadDetails | undefined>;
  /** Undefined where the source keeps no activity: the caller shows what the edges' own times give. */
  loadActivity(request: ActivityRequest, signal: AbortSignal): Promise<ActivitySeries | undefined>;
  loadStatus(signal: AbortSignal): Promise<UiStatus | undefined>;
  /** Follows changes until the signal aborts; returns at once where nothing can change. */
  follow(onChange: (event: ChangeEvent) => void, onState: (state: LiveState) => void, signal: AbortSignal): Promise<void>;
}

export interface WorkloadName {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
}

/** What only the mapper knows of a workload. */
export interface WorkloadDetails {
  readonly pods: readonly schema.Pod[];
  /** Absent for workloads of other clusters and those without a pod now. */
  readonly protection?: schema.WorkloadProtection;
}

export interface ActivityRequest {
  readonly window: TimeWindow;
  readonly buckets: number;
  /** Of one edge instead of all. */
  readonly edgeId?: string;
}
