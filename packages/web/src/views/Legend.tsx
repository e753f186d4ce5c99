import { useState } from 'react';
import { edgeLook, HEADS, nodeLook, outlinePath } from '../graph/looks.ts';
import type { Head } from '../graph/looks.ts';
import { useApp } from './context.ts';

interface Entry {
  readonly classes: string;
  readonly text: string;
}

const KINDS: readonly Entry[] = [
  { classes: '', text: 'In the cluster' },
  { classes: 'http', text: 'HTTP paths known' },
  { classes: 'kafka', text: 'Kafka' },
  { classes: 'internet', text: 'Internet' },
  { classes: 'cloud', text: 'Cloud API' },
  { classes: 'looked-up', text: 'Looked up only, never seen connecting' },
  { classes: 'denied', text: 'Denied, or would be by policy' },
];
const POLICIES: readonly Entry[] = [
  { classes: 'by-allowed', text: 'Policies allow it' },
  { classes: 'by-unknown denied', text: 'Policies would deny it, or a broker did' },
  { classes: 'by-open', text: 'No policy selects either end' },
  { classes: 'by-unknown', text: 'Not known' },
];
const INTENTS: readonly Entry[] = [
  { classes: 'undeclared', text: 'Undeclared: square at the caller' },
  { classes: 'unseen', text: 'Declared, never seen' },
];
const CHANGES: readonly Entry[] = [
  { classes: 'added', text: 'Added' },
  { classes: 'gone', text: 'Gone' },
];
const SHAPES: readonly Entry[] = [
  { classes: 'workload', text: 'Workload' },
  { classes: 'group', text: 'Closed group (double-click opens)' },
  { classes: 'internet', text: 'Internet' },
  { classes: 'aws', text: 'Cloud resource' },
  { classes: 'node', text: 'Node' },
  { classes: 'apiServer', text: 'Kubernetes API' },
  { classes: 'service', text: 'Service without pods' },
];
const GUARDED: readonly Entry[] = [
  { classes: 'protected', text: 'Server with a policy on who may call it' },
  { classes: 'exposed', text: 'Open server' },
];

/** What lines and shapes mean, and the choice of what lines tell; closed until somebody asks. */
export function Legend() {
  const { url, map, setUrl } = useApp();
  const [open, setOpen] = useState(false);
  const isProtection = url.lines === 'protection';
  const lines = [...(isProtection ? POLICIES : KINDS), ...INTENTS, ...(map.changes === undefined ? [] : CHANGES)];
  return (
    <section className="legend" aria-label="Legend">
      <div className="legend-bar">
        <button type="button" className="quiet-button" aria-expanded={open} onClick={() => setOpen(!open)}>
          Legend
        </button>
        <span className="topbar-group" role="group" aria-label="Lines tell">
          {(['kind', 'protection'] as const).map((mode) => (
            <button
              key={mode}
              type="button"
              className={`button segment small${url.lines === mode ? ' is-on' : ''}`}
              aria-pressed={url.lines === mode}
              onClick={() => setUrl((state) => ({ ...state, lines: mode }))}
            >
              {mode === 'kind' ? 'Traffic' : 'Protection'}
            </button>
          ))}
        </span>
      </div>
      {open && (
        <div className="legend-body">
          <ul>
            {lines.map(({ classes, text }) => (
              <li key={text}>
                <Line classes={classes} />
                {text}
              </li>
            ))}
          </ul>
          <ul>
            {[...SHAPES, ...(isProtection ? GUARDED : [])].map(({ classes, text }) => (
              <li key={text}>
                <Shape classes={classes} />
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

function Line({ classes }: { readonly classes: string }) {
  const { colour, dash, head, hollow, tail } = edgeLook(classes);
  const tip = (kind: Head, transform: string) => (
    <polygon
      className={hollow === true ? 'swatch-hollow' : 'swatch-head'}
      points={HEADS[kind].map(([x, y]) => `${x * 9},${y * 9}`).join(' ')}
      transform={transform}
    />
  );
  return (
    <svg className={`swatch of-${colour}`} viewBox="0 0 40 14" aria-hidden="true">
      <path className="swatch-line" d="M4 7h32" strokeDasharray={dash === undefined || dash.length === 0 ? undefined : dash.join(' ')} />
      {tip(head, 'translate(38 7)')}
      {tail !== undefined && tip(tail, 'translate(2 7) rotate(180)')}
    </svg>
  );
}

function Shape({ classes }: { readonly classes: string }) {
  const { outline, colour, border, double, dash, fill } = nodeLook(classes);
  return (
    <svg className={`swatch of-${colour} on-${fill}`} viewBox="-20 -8 40 16" aria-hidden="true">
      <path
        className="swatch-shape"
        d={outlinePath(outline, 36, 13)}
        strokeWidth={double === true ? 1 : border}
        strokeDasharray={dash === undefined ? undefined : dash.join(' ')}
      />
      {double === true && <path className="swatch-shape" d={outlinePath(outline, 31, 8)} />}
    </svg>
  );
}
