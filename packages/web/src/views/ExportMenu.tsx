import { LARGE_MAP_EDGES } from '../data/source.ts';
import { exportMap } from './export-map.ts';
import type { ExportFormat } from './export-map.ts';
import { useApp } from './context.ts';
import { Menu } from './Menu.tsx';

const FORMATS: readonly { readonly format: ExportFormat; readonly title: string; readonly needsGraph?: boolean }[] = [
  { format: 'png', title: 'Picture (PNG)', needsGraph: true },
  { format: 'svg', title: 'Drawing (SVG)' },
  { format: 'dot', title: 'Graphviz (DOT)' },
  { format: 'mermaid', title: 'Mermaid' },
  { format: 'intents', title: 'ClientIntents (YAML)' },
  { format: 'csv', title: 'Table (CSV)' },
  { format: 'json', title: 'Table (JSON)' },
  { format: 'map', title: 'Map file (JSON)' },
];

/** Saves what is shown. */
export function ExportMenu() {
  const app = useApp();
  const run = (format: ExportFormat, close: () => void): void => {
    close();
    if (format === 'map' && app.snapshot.model.links.size > LARGE_MAP_EDGES) app.notify('Fetching every detail for the map file …');
    exportMap(app, format).then(
      (name) => app.notify(`Saved ${name}`),
      (error: unknown) => app.notify(`Nothing was saved: ${error instanceof Error ? error.message : String(error)}`),
    );
  };
  return (
    <Menu label="Export" icon="export" className="export-menu">
      {(close) => (
        <ul className="choices">
          {FORMATS.map(({ format, title, needsGraph }) => (
            <li key={format}>
              <button
                type="button"
                className="choice"
                disabled={needsGraph === true && app.url.view !== 'graph'}
                onClick={() => run(format, close)}
              >
                {title}
              </button>
            </li>
          ))}
        </ul>
      )}
    </Menu>
  );
}
