import { useState } from 'react';
import { countFilters } from '../data/url-state.ts';
import { describeRange } from '../data/time-range.ts';
import { CompareMenu } from './CompareMenu.tsx';
import { useApp } from './context.ts';
import { ExportMenu } from './ExportMenu.tsx';
import { Icon } from './Icon.tsx';
import { isDark, toggleTheme } from './theme-choice.ts';
import { TimeMenu } from './TimeMenu.tsx';

export interface TopBarProps {
  readonly onSearch: () => void;
  readonly onHelp: () => void;
  readonly railOpen: boolean;
  readonly onRail: () => void;
}

export function TopBar({ onSearch, onHelp, railOpen, onRail }: TopBarProps) {
  const app = useApp();
  const { url, snapshot } = app;
  const [dark, setDark] = useState(isDark);
  const filters = countFilters(url.filter);
  const label = snapshot.source?.kind === 'file' ? snapshot.source.label : (snapshot.status?.cluster ?? '');
  return (
    <header className="topbar">
      <h1 className="brand">
        <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="8" />
          <path d="M11 11 21 9M11 12l9 10" />
          <circle cx="9.500" cy="11" r="3.500" />
          <circle cx="23" cy="8.500" r="3" />
          <circle cx="22" cy="23.500" r="3.500" />
        </svg>
        <span className="brand-name">network-mapper</span>
        {label !== '' && <span className="brand-source">{label}</span>}
      </h1>
      <button
        type="button"
        className={`button filter-button${railOpen ? ' is-on' : ''}`}
        aria-expanded={railOpen}
        aria-controls="filters"
        onClick={onRail}
      >
        <Icon name="filter" />
        <span>Filters</span>
        {filters > 0 && <span className="badge">{filters}</span>}
      </button>
      <button type="button" className="button search-button" onClick={onSearch}>
        <Icon name="search" />
        <span className="search-hint">Search workloads, domains…</span>
        <kbd aria-hidden="true">⌘K</kbd>
      </button>
      <div className="topbar-group" role="group" aria-label="View">
        <ViewButton view="graph" />
        <ViewButton view="table" />
      </div>
      <TimeMenu label={describeRange(url.time ?? snapshot.source?.defaultTime ?? { type: 'all' })} />
      <CompareMenu />
      <ExportMenu />
      <button
        type="button"
        className="icon-button"
        aria-label={dark ? 'Light colours' : 'Dark colours'}
        title={dark ? 'Light colours' : 'Dark colours'}
        onClick={() => {
          toggleTheme(localStorage);
          setDark(isDark());
        }}
      >
        <Icon name={dark ? 'sun' : 'moon'} />
      </button>
      <button type="button" className="icon-button help-button" aria-label="Keyboard help" title="Keyboard help (?)" onClick={onHelp}>
        <Icon name="help" />
      </button>
    </header>
  );
}

function ViewButton({ view }: { readonly view: 'graph' | 'table' }) {
  const { url, setUrl } = useApp();
  const isOn = url.view === view;
  return (
    <button
      type="button"
      className={`button segment${isOn ? ' is-on' : ''}`}
      aria-pressed={isOn}
      onClick={() => setUrl((state) => ({ ...state, view }))}
    >
      <Icon name={view} />
      <span>{view === 'graph' ? 'Graph' : 'Table'}</span>
    </button>
  );
}
