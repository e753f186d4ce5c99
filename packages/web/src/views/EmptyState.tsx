import { useRef, useState } from 'react';
import { countFilters } from '../data/url-state.ts';
import { rangePhrase } from '../data/time-range.ts';
import { NO_FILTER } from '../graph/filter.ts';
import { useApp } from './context.ts';
import { readMapFile } from './DropZone.tsx';
import { explainEmpty } from './explain-empty.ts';
import { Icon } from './Icon.tsx';

const ICONS = { failed: 'warning', filtered: 'filter', window: 'search', waiting: 'graph' } as const;

/** Says why there is nothing to see, and what to do about it. */
export function EmptyState() {
  const app = useApp();
  const { snapshot, url, setUrl, session, openSource, now } = app;
  const picker = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState('');
  const range = url.time ?? snapshot.source?.defaultTime ?? { type: 'all' };
  const reason = explainEmpty(
    app.isPending ? { ...snapshot, phase: 'starting' } : snapshot,
    countFilters(url.filter) > 0 || url.focus !== undefined,
    rangePhrase(range),
    now,
  );
  return (
    <section className="empty" aria-live="polite" aria-busy={reason.kind === 'loading'}>
      {reason.kind === 'loading' ? (
        <div className="pulse" aria-hidden="true" />
      ) : (
        <div className={`empty-icon is-${reason.kind}`}>
          <Icon name={ICONS[reason.kind]} />
        </div>
      )}
      <h2>{reason.title}</h2>
      {reason.lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
      {reason.kind !== 'loading' && (
        <div className="empty-actions">
          {reason.kind === 'filtered' && (
            <button
              type="button"
              className="button primary"
              onClick={() => setUrl(({ focus: _focus, ...state }) => ({ ...state, filter: NO_FILTER }))}
            >
              Clear the filters
            </button>
          )}
          {(reason.kind === 'window' || reason.kind === 'filtered') && (
            <button type="button" className="button" onClick={() => setUrl((state) => ({ ...state, time: { type: 'all' } }))}>
              Show all time
            </button>
          )}
          {reason.kind === 'failed' && (
            <button type="button" className="button primary" onClick={session.reload}>
              Try again
            </button>
          )}
          <button type="button" className="button" onClick={() => picker.current?.click()}>
            Open a map file
          </button>
          <input
            ref={picker}
            type="file"
            accept=".json,application/json"
            hidden
            aria-label="Map file"
            onChange={(event) => {
              const file = event.target.files?.[0];
              if (file === undefined) return;
              readMapFile(file).then(openSource, (error: unknown) => setProblem(error instanceof Error ? error.message : String(error)));
            }}
          />
        </div>
      )}
      {problem !== '' && <p role="alert">{problem}</p>}
    </section>
  );
}
