import { useMemo, useRef, useState } from 'react';
import { ACTIVITY_BUCKETS } from '../data/session.ts';
import { formatInstant } from '../data/time-range.ts';
import { edgesAlive } from '../graph/activity.ts';
import type { ActivitySeries } from '../graph/activity.ts';
import { useApp } from './context.ts';

const HEIGHT = 34;

/** Activity over the window; dragging chooses a part of it. */
export function TimeBar() {
  const { snapshot, setUrl, now, map } = useApp();
  const { links } = map;
  const series = useMemo(
    () => snapshot.activity ?? ownActivity(links, snapshot.window.since, snapshot.window.until ?? now),
    [snapshot.activity, links, snapshot.window, now],
  );
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number }>();
  const svg = useRef<SVGSVGElement>(null);
  const { points, bucketMs } = series;
  const first = points[0]?.at ?? 0;
  const end = (points.at(-1)?.at ?? 0) + bucketMs;
  if (points.length < 2 || links.length === 0) return null;
  const top = points.reduce((max, { count }) => Math.max(max, count), 1);
  const at = (event: React.PointerEvent): number => {
    const box = svg.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return 0;
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * points.length;
  };
  const toTime = (position: number): number => Math.round(first + position * bucketMs);
  const choose = (from: number, to: number): void => {
    const [start, stop] = [Math.floor(Math.min(from, to)), Math.ceil(Math.max(from, to))];
    if (stop - start < 1) return;
    setUrl((state) => ({ ...state, time: { type: 'range', since: toTime(start), until: toTime(stop) } }));
  };
  return (
    <section className="timebar" aria-label="Activity">
      <span className="timebar-end">{formatInstant(first)}</span>
      <svg
        ref={svg}
        className="timebar-chart"
        viewBox={`0 0 ${points.length} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${series.unit === 'calls' ? 'Calls' : 'Connections alive'} from ${formatInstant(first)} to ${formatInstant(end)}, at most ${top.toLocaleString('en')} in ${describeMs(bucketMs)}. Drag to choose a part; the time menu does the same by keyboard.`}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag({ from: at(event), to: at(event) });
        }}
        onPointerMove={(event) => drag !== undefined && setDrag({ ...drag, to: at(event) })}
        onPointerUp={(event) => {
          if (drag !== undefined && Math.abs(drag.from - at(event)) > 0.6) choose(drag.from, at(event));
          setDrag(undefined);
        }}
        onPointerCancel={() => setDrag(undefined)}
      >
        <path className="timebar-bars" d={barsPath(series, top)} />
        {drag !== undefined && (
          <rect
            className="timebar-pick"
            x={Math.min(drag.from, drag.to)}
            y="0"
            width={Math.max(0.2, Math.abs(drag.to - drag.from))}
            height={HEIGHT}
          />
        )}
      </svg>
      <span className="timebar-end">
        {drag === undefined
          ? formatInstant(end)
          : `${formatInstant(toTime(Math.min(drag.from, drag.to)))} – ${formatInstant(toTime(Math.max(drag.from, drag.to)))}`}
      </span>
    </section>
  );
}

function ownActivity(links: Parameters<typeof edgesAlive>[0], since: number | undefined, until: number): ActivitySeries {
  const start = since ?? links.reduce((first, { firstSeenAt }) => (firstSeenAt === 0 ? first : Math.min(first, firstSeenAt)), until);
  return edgesAlive(links, start, Math.max(until, start + ACTIVITY_BUCKETS), ACTIVITY_BUCKETS);
}

export function barsPath({ points }: ActivitySeries, top: number, height = HEIGHT): string {
  return points
    .map(({ count }, index) => {
      // Square root: a quiet hour must not vanish beside a busy one.
      const bar = count === 0 ? 0 : Math.max(1.5, Math.sqrt(count / top) * (height - 2));
      return bar === 0 ? '' : `M${index + 0.12} ${height}v${(-bar).toFixed(1)}h0.76v${bar.toFixed(1)}z`;
    })
    .join('');
}

function describeMs(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
