import { useState } from 'react';
import { formatInstant, formatTimeRange, PRESETS, toWindow } from '../data/time-range.ts';
import type { TimeRange } from '../data/time-range.ts';
import { useApp } from './context.ts';
import { Menu } from './Menu.tsx';

/** Chooses the window; says which one the counts really cover. */
export function TimeMenu({ label }: { readonly label: string }) {
  const app = useApp();
  const choose = (time: TimeRange, close: () => void): void => {
    app.setUrl((state) => ({ ...state, time }));
    close();
  };
  const { since, until } = app.snapshot.window;
  const chosen = formatTimeRange(app.url.time ?? app.snapshot.source?.defaultTime ?? { type: 'all' });
  return (
    <Menu label={label} className="time-menu" title="Time">
      {(close) => (
        <>
          <ul className="choices">
            {PRESETS.map(({ text, title, ms }) => (
              <li key={text}>
                <button
                  type="button"
                  className="choice"
                  aria-current={text === chosen || formatTimeRange({ type: 'last', ms }) === chosen}
                  onClick={() => choose({ type: 'last', ms }, close)}
                >
                  {title}
                </button>
              </li>
            ))}
            <li>
              <button type="button" className="choice" aria-current={chosen === 'all'} onClick={() => choose({ type: 'all' }, close)}>
                All time
              </button>
            </li>
          </ul>
          <RangeForm onChoose={(time) => choose(time, close)} />
          <SeenSinceForm />
          <p className="hint">
            Counts cover {since === undefined ? 'the beginning' : formatInstant(since)} to{' '}
            {until === undefined ? 'now' : formatInstant(until)}.
          </p>
        </>
      )}
    </Menu>
  );
}

export function RangeForm({ onChoose, action = 'Show' }: { readonly onChoose: (time: TimeRange) => void; readonly action?: string }) {
  const app = useApp();
  const start = toWindow(app.url.time ?? { type: 'last', ms: 86_400_000 }, app.now);
  const [since, setSince] = useState(toField(start.since ?? app.now - 86_400_000));
  const [until, setUntil] = useState(toField(start.until ?? app.now));
  const range = { since: Date.parse(since), until: Date.parse(until) };
  const isRight = Number.isFinite(range.since) && Number.isFinite(range.until) && range.since < range.until;
  return (
    <form
      className="range-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (isRight) onChoose({ type: 'range', ...range });
      }}
    >
      <label>
        From
        <input type="datetime-local" value={since} onChange={(event) => setSince(event.target.value)} />
      </label>
      <label>
        To
        <input type="datetime-local" value={until} onChange={(event) => setUntil(event.target.value)} />
      </label>
      <button type="submit" className="button" disabled={!isRight}>
        {action}
      </button>
      {!isRight && <p className="hint">“From” must be before “To”.</p>}
    </form>
  );
}

function SeenSinceForm() {
  const { url, setUrl } = useApp();
  const { seenSince } = url.filter;
  return (
    <label className="seen-since">
      Only calls seen since
      <input
        type="datetime-local"
        value={seenSince === undefined ? '' : toField(seenSince)}
        onChange={(event) => {
          const at = Date.parse(event.target.value);
          setUrl((state) => {
            const { seenSince: _old, ...filter } = state.filter;
            return { ...state, filter: Number.isFinite(at) ? { ...filter, seenSince: at } : filter };
          }, false);
        }}
      />
    </label>
  );
}

/** Local time as the browser's field wants it. */
function toField(at: number): string {
  return formatInstant(at).replace(' ', 'T');
}
