/** What one round of maintenance did. */
export interface MaintenanceOutcome {
  /** False: another replica holds the job, or it was done less than its interval ago. */
  readonly ran: boolean;
  readonly compactedBuckets: number;
  readonly expiredBuckets: number;
  readonly expiredEdges: number;
  /** Edges over the bound: internet edges go first, then the oldest. */
  readonly dropped: { readonly internetEdges: number; readonly otherEdges: number };
  readonly expiredIntervals: number;
}
