import { useDeferredValue, useMemo, useState } from 'react';
import type { EvidenceKind } from '@nm/core';
import { toFacets } from '../graph/facets.ts';
import { visibleText } from '../graph/visible-text.ts';
import type { FacetValue } from '../graph/facets.ts';
import { NO_FILTER } from '../graph/filter.ts';
import type { MapFilter, ProtectionState } from '../graph/filter.ts';
import { countFilters } from '../data/url-state.ts';
import { useApp } from './context.ts';
import { Icon } from './Icon.tsx';
import { PROTECTION_WORDS } from './protection-words.ts';

export function FilterRail({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  if (!open) return <aside id="filters" hidden />;
  return <OpenRail onClose={onClose} />;
}

type ListField = 'clusters' | 'environments' | 'namespaces' | 'kinds' | 'labels' | 'excludeNamespaces' | 'excludeNames' | 'domains';

const EVIDENCE_TITLES: Readonly<Record<EvidenceKind, string>> = {
  dns: 'Name lookups',
  tcp: 'Connection attempts',
  socket: 'Open connections',
  udp: 'UDP',
  kafka: 'Kafka logs',
  http: 'HTTP (mesh)',
  aws: 'Cloud requests',
};

function OpenRail({ onClose }: { readonly onClose: () => void }) {
  const app = useApp();
  const { snapshot, url, setUrl } = app;
  const version = useDeferredValue(snapshot.version);
  // The model is mutable; its version says when it changed.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const facets = useMemo(() => toFacets(snapshot.model), [snapshot.model, version]);
  const { filter } = url;
  const set = (change: Partial<MapFilter>, push = true): void =>
    setUrl((state) => ({ ...state, filter: { ...state.filter, ...change } }), push);
  const toggle = (field: ListField, value: string): void => {
    const list = filter[field];
    set({ [field]: list.includes(value) ? list.filter((item) => item !== value) : [...list, value] });
  };
  const count = countFilters(filter);
  return (
    <aside id="filters" className="rail" aria-label="Filters">
      <div className="rail-head">
        <h2>Filters</h2>
        {count > 0 && (
          <button type="button" className="quiet-button" onClick={() => set(NO_FILTER)}>
            Clear {count}
          </button>
        )}
        <button type="button" className="icon-button" aria-label="Close filters" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      <label className="field">
        Text
        <input
          type="search"
          value={filter.text}
          placeholder="name, topic, path, address"
          onChange={(event) => set({ text: event.target.value }, false)}
        />
      </label>
      <div className="switches">
        <Switch label="System namespaces and traffic" on={filter.showSystem} onChange={(showSystem) => set({ showSystem })} />
        <Switch label="Unknown addresses" on={filter.showUnknown} onChange={(showUnknown) => set({ showUnknown })} />
        <Switch label="Hide the internet" on={filter.hideInternet} onChange={(hideInternet) => set({ hideInternet })} />
      </div>
      {facets.clusters.length > 1 && (
        <Facet title="Clusters" values={facets.clusters} chosen={filter.clusters} onToggle={(value) => toggle('clusters', value)} />
      )}
      {facets.environments.length > 0 && (
        <Facet
          title="Environments"
          values={facets.environments}
          chosen={filter.environments}
          onToggle={(value) => toggle('environments', value)}
        />
      )}
      <Facet
        title="Namespaces"
        values={filter.showSystem ? [...facets.namespaces, ...facets.systemNamespaces] : facets.namespaces}
        chosen={filter.namespaces}
        excluded={filter.excludeNamespaces}
        onToggle={(value) => toggle('namespaces', value)}
        onExclude={(value) => toggle('excludeNamespaces', value)}
      />
      <Facet title="Kinds" values={facets.kinds} chosen={filter.kinds} onToggle={(value) => toggle('kinds', value)} />
      <Facet
        title="Known by"
        values={facets.evidence}
        chosen={filter.evidence}
        name={(value) => EVIDENCE_TITLES[value as EvidenceKind]}
        onToggle={(value) => {
          const kind = value as EvidenceKind;
          set({ evidence: filter.evidence.includes(kind) ? filter.evidence.filter((item) => item !== kind) : [...filter.evidence, kind] });
        }}
      />
      <Facet
        title="Protection"
        values={facets.protection}
        chosen={filter.protection}
        name={(value) => PROTECTION_WORDS[value as ProtectionState]}
        onToggle={(value) => {
          const state = value as ProtectionState;
          set({
            protection: filter.protection.includes(state)
              ? filter.protection.filter((item) => item !== state)
              : [...filter.protection, state],
          });
        }}
      />
      <Facet
        title="Ports"
        values={facets.ports}
        chosen={filter.ports.map(String)}
        onToggle={(value) => {
          const port = Number(value);
          set({ ports: filter.ports.includes(port) ? filter.ports.filter((item) => item !== port) : [...filter.ports, port] });
        }}
      />
      {facets.labels.length > 0 && (
        <Facet title="Labels" values={facets.labels} chosen={filter.labels} onToggle={(value) => toggle('labels', value)} />
      )}
      <ListField title="Domains" hint="api.example.com or *.example.com" values={filter.domains} onChange={(domains) => set({ domains })} />
      <ListField
        title="Leave out by name"
        hint="name of a workload or domain"
        values={filter.excludeNames}
        onChange={(excludeNames) => set({ excludeNames })}
      />
    </aside>
  );
}

function Switch({ label, on, onChange }: { readonly label: string; readonly on: boolean; readonly onChange: (on: boolean) => void }) {
  return (
    <label className="switch">
      <input type="checkbox" role="switch" checked={on} onChange={(event) => onChange(event.target.checked)} />
      <span>{label}</span>
    </label>
  );
}

interface FacetProps {
  readonly title: string;
  readonly values: readonly FacetValue[];
  readonly chosen: readonly string[];
  readonly excluded?: readonly string[];
  readonly name?: (value: string) => string;
  readonly onToggle: (value: string) => void;
  readonly onExclude?: (value: string) => void;
}

const SHOWN_AT_FIRST = 8;

/** Values with their counts; chosen ones first, more on request. */
function Facet({ title, values, chosen, excluded = [], name = visibleText, onToggle, onExclude }: FacetProps) {
  const [showAll, setShowAll] = useState(false);
  const [query, setQuery] = useState('');
  if (values.length === 0) return null;
  const found = values.filter(({ value }) => value.toLowerCase().includes(query.toLowerCase()));
  const isMarked = (value: string): boolean => chosen.includes(value) || excluded.includes(value);
  const ordered = [...found.filter(({ value }) => isMarked(value)), ...found.filter(({ value }) => !isMarked(value))];
  const shown = showAll ? ordered.slice(0, 300) : ordered.slice(0, SHOWN_AT_FIRST);
  return (
    <fieldset className="facet">
      <legend>{title}</legend>
      {values.length > SHOWN_AT_FIRST && (
        <input
          type="search"
          className="facet-search"
          aria-label={`Find in ${title}`}
          placeholder={`Find in ${values.length}`}
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
      )}
      <ul>
        {shown.map(({ value, count }) => (
          <li key={value} className={excluded.includes(value) ? 'is-excluded' : ''}>
            <label>
              <input type="checkbox" checked={chosen.includes(value)} onChange={() => onToggle(value)} />
              <span className="facet-value">{name(value)}</span>
              <span className="count">{count.toLocaleString('en')}</span>
            </label>
            {onExclude !== undefined && (
              <button
                type="button"
                className="tiny-button"
                aria-pressed={excluded.includes(value)}
                aria-label={`Leave out ${value}`}
                title="Leave out"
                onClick={() => onExclude(value)}
              >
                <Icon name="minus" />
              </button>
            )}
          </li>
        ))}
      </ul>
      {ordered.length > SHOWN_AT_FIRST && (
        <button type="button" className="quiet-button" onClick={() => setShowAll(!showAll)}>
          {showAll ? 'Fewer' : `All ${ordered.length}`}
        </button>
      )}
    </fieldset>
  );
}

function ListField({
  title,
  hint,
  values,
  onChange,
}: {
  readonly title: string;
  readonly hint: string;
  readonly values: readonly string[];
  readonly onChange: (values: readonly string[]) => void;
}) {
  const [text, setText] = useState('');
  return (
    <form
      className="facet"
      onSubmit={(event) => {
        event.preventDefault();
        const value = text.trim();
        if (value !== '' && !values.includes(value)) onChange([...values, value]);
        setText('');
      }}
    >
      <label className="field">
        {title}
        <input value={text} placeholder={hint} onChange={(event) => setText(event.target.value)} />
      </label>
      {values.length > 0 && (
        <ul className="chips">
          {values.map((value) => (
            <li key={value}>
              <button
                type="button"
                className="chip"
                onClick={() => onChange(values.filter((item) => item !== value))}
                aria-label={`Remove ${value}`}
              >
                {visibleText(value)} <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
    </form>
  );
}
