import { useState } from 'react';
import { useApp } from './context.ts';

const LINES = [
  { kind: 'internal', text: 'In the cluster' },
  { kind: 'http', text: 'HTTP paths known' },
  { kind: 'kafka', text: 'Kafka' },
  { kind: 'internet', text: 'Internet' },
  { kind: 'cloud', text: 'Cloud API' },
  { kind: 'looked-up', text: 'Looked up only, never seen connecting' },
  { kind: 'denied', text: 'Denied, or would be by policy' },
] as const;

const SHAPES = [
  { kind: 'workload', text: 'Workload' },
  { kind: 'group', text: 'Closed group (double-click opens)' },
  { kind: 'internet', text: 'Internet' },
  { kind: 'cloud', text: 'Cloud resource' },
  { kind: 'node', text: 'Node' },
  { kind: 'apiServer', text: 'Kubernetes API' },
] as const;

/** What lines and shapes mean; closed until somebody asks. */
export function Legend() {
  const [open, setOpen] = useState(false);
  const { changes } = useApp().map;
  const lines =
    changes === undefined ? LINES : [...LINES, { kind: 'added', text: 'Added' } as const, { kind: 'gone', text: 'Gone' } as const];
  return (
    <section className="legend" aria-label="Legend">
      <button type="button" className="quiet-button" aria-expanded={open} onClick={() => setOpen(!open)}>
        Legend
      </button>
      {open && (
        <div className="legend-body">
          <ul>
            {lines.map(({ kind, text }) => (
              <li key={kind}>
                <svg className={`swatch line ${kind}`} viewBox="0 0 36 12" aria-hidden="true">
                  <path className="stroke" d="M1 6h28" />
                  <path className="head" d={HEADS[kind] ?? 'M28 2l7 4-7 4z'} />
                </svg>
                {text}
              </li>
            ))}
          </ul>
          <ul>
            {SHAPES.map(({ kind, text }) => (
              <li key={kind}>
                <svg className={`swatch shape ${kind}`} viewBox="0 0 36 16" aria-hidden="true">
                  <path d={OUTLINES[kind]} />
                </svg>
                {text}
              </li>
            ))}
          </ul>
          <p>Thicker: more calls, tenfold each step. Paler: not seen for an hour, for a day.</p>
        </div>
      )}
    </section>
  );
}

const HEADS: Readonly<Record<string, string>> = {
  kafka: 'M28 6l3.500-4 3.500 4-3.500 4z',
  internet: 'M27 1l8 5-8 5 2.500-5z',
  cloud: 'M28 6a3 3 0 1 0 6 0 3 3 0 1 0-6 0z',
  denied: 'M30 0h3v12h-3z',
  http: 'M26 1h3l5 5-5 5h-3l5-5z',
};

const OUTLINES = {
  workload: 'M5 2h26a4 4 0 0 1 4 4v4a4 4 0 0 1-4 4H5a4 4 0 0 1-4-4V6a4 4 0 0 1 4-4z',
  group:
    'M5 1h26a4 4 0 0 1 4 4v6a4 4 0 0 1-4 4H5a4 4 0 0 1-4-4V5a4 4 0 0 1 4-4zM5 4h26a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1z',
  internet: 'M8 2h20a6 6 0 0 1 0 12H8A6 6 0 0 1 8 2z',
  cloud: 'M3 2q15-2 30 0v12q-15 2-30 0z',
  node: 'M2 2h32v12H2z',
  apiServer: 'M8 2h20l7 6-7 6H8L1 8z',
} as const;
