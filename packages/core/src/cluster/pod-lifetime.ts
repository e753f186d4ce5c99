import type { PodEntry } from './pod-entry.ts';
import type { PodRecord } from './records.ts';

/** Object times have a resolution of a second (rule 6): an end at :05 means some time before :06. */
const TIME_RESOLUTION_MS = 1_000;
const MAX_SECOND = 2 ** 31 - 1;

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
  setSure(entry);
}

/** The same from times that were stored. */
export function restoreTimes(entry: PodEntry, from: number, to: number): void {
  entry.from = from;
  entry.talksFrom = from;
  entry.to = to;
  setSure(entry);
}

function setSure(entry: PodEntry): void {
  entry.sureFrom = toSecond(Math.ceil(Math.max(entry.from, entry.talksFrom) / 1_000));
  entry.sureTo = toSecond(Math.floor(entry.to / 1_000));
}

/** Within what V8 keeps in place (31 bits and a sign, until the year 2038); beyond it nothing is sure. */
function toSecond(second: number): number {
  return second >= 0 ? Math.min(second, MAX_SECOND) : MAX_SECOND;
}

/** Nobody noted when: the latest time that the object itself tells. */
function endWithoutObservation(record: PodRecord): number {
  return record.deletionRequestedAt === undefined ? Number.POSITIVE_INFINITY : record.deletionRequestedAt + TIME_RESOLUTION_MS;
}
