import { expect, test } from 'vitest';
import { ReportSchedule } from './report-schedule.ts';
import type { LastReport } from './report-schedule.ts';

const QUIET: LastReport = { rows: 20, isAway: false, intervalMs: 5_000 };

/** At which of the looks after a report the next one is due. */
function lookOfNextReport(last: LastReport, isNewsAt: (look: number) => boolean): number {
  const schedule = new ReportSchedule(1_000);
  expect(schedule.reported(last)).toBeUndefined();
  for (let look = 1; look <= 60; look++) if (schedule.isDue(isNewsAt(look))) return look;
  return Number.POSITIVE_INFINITY;
}

test.each<[string, number, LastReport, (look: number) => boolean]>([
  ['counts wait for the interval', 5, QUIET, () => false],
  ['something new goes with the next look', 3, QUIET, (look) => look >= 3],
  ['an interval as long as that of looks: with each of them', 1, { ...QUIET, intervalMs: 1_000 }, () => false],
  ['2,000 rows are those of two seconds: something new waits for them', 2, { ...QUIET, rows: 2_000 }, () => true],
  ['and counts for the interval', 5, { ...QUIET, rows: 2_000 }, () => false],
  ['8,000 rows make the interval longer', 8, { ...QUIET, rows: 8_000 }, () => true],
  ['however many rows: every 10 s', 10, { ...QUIET, rows: 1_000_000 }, () => false],
  ['without a mapper even something new waits', 20, { ...QUIET, isAway: true }, () => true],
])('%s', (_name, look, last, isNewsAt) => expect(lookOfNextReport(last, isNewsAt)).toBe(look));

test('an interval shorter than that of looks has a time of its own, and something new still goes with a look', () => {
  const schedule = new ReportSchedule(1_000);
  expect(schedule.reported({ ...QUIET, intervalMs: 250 })).toBe(250);
  expect([schedule.isDue(false), schedule.isDue(true)]).toEqual([false, true]);
});
