import type { PodEntry } from './pod-entry.ts';
import type { PodRecord } from './records.ts';

/** Object times have a resolution of a second (rule 6): an end at :05 means some time before :06. */
const TIME_RESOLUTION_MS = 1_000;

/** Rule 6: from its start until its last container finished, else until its deletion was observed. */
export function setTimes(entry: PodEntry, at: number | undefined, deleted: boolean): void {
  const { record } = entry;
  entry.from = record.startedAt ?? record.createdAt;
  entry.talksFrom = Math.max(entry.from, record.firstContainerStartedAt ?? entry.from);
  const isOver = record.phase === 'Succeeded' || record.phase === 'Failed';
  if (record.finishedAt !== undefined) entry.to = record.finishedAt + TIME_RESOLUTION_MS;
  else if (deleted || isOver) entry.to = at ?? endWithoutObservation(record);
  else entry.to = Number.POSITIVE_INFINITY;
  if (entry.to <= entry.from) entry.to = entry.from + TIME_RESOLUTION_MS;
}

/** Nobody noted when: the latest time that the object itself tells. */
function endWithoutObservation(record: PodRecord): number {
  return record.deletionRequestedAt === undefined ? Number.POSITIVE_INFINITY : record.deletionRequestedAt + TIME_RESOLUTION_MS;
}
