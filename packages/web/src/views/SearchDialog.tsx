import { useEffect, useMemo, useRef, useState } from 'react';
import { searchNodes } from '../graph/search.ts';
import type { MapNode } from '../graph/model.ts';
import { useApp } from './context.ts';

/** Finds a workload, domain, node or resource anywhere in the map and focuses on it. */
export function SearchDialog({ onClose }: { readonly onClose: () => void }) {
  const app = useApp();
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  // The model is mutable; its version says when it changed.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const results = useMemo(() => searchNodes(app.snapshot.model, query), [app.snapshot.model, app.snapshot.version, query]);
  useEffect(() => dialog.current?.showModal(), []);
  const choose = (node: MapNode): void => {
    onClose();
    app.setUrl((state) => ({ ...state, focus: { nodeId: node.id, direction: 'both', hops: 1 }, selected: { type: 'node', id: node.id } }));
    app.announce(`Focused on ${node.name}`);
  };
  const active = results[Math.min(at, results.length - 1)];
  return (
    <dialog
      ref={dialog}
      className="dialog search"
      aria-label="Search"
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <input
        autoFocus
        type="search"
        role="combobox"
        aria-expanded={results.length > 0}
        aria-controls="search-results"
        aria-activedescendant={active === undefined ? undefined : `result-${results.indexOf(active)}`}
        aria-label="Search workloads, namespaces, domains, addresses"
        placeholder="Search workloads, namespaces, domains, addresses"
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') setAt(Math.min(at + 1, results.length - 1));
          else if (event.key === 'ArrowUp') setAt(Math.max(at - 1, 0));
          else if (event.key === 'Enter' && active !== undefined) choose(active);
          else return;
          event.preventDefault();
        }}
      />
      <ul id="search-results" role="listbox" aria-label="Results">
        {results.map((node, index) => (
          <li
            key={node.id}
            id={`result-${index}`}
            role="option"
            aria-selected={node === active}
            onClick={() => choose(node)}
            onMouseMove={() => setAt(index)}
          >
            <span className="result-name">{node.name}</span>
            <span className="result-where">
              {[node.namespace, node.peer.type === 'workload' ? node.peer.kind : node.type].filter(Boolean).join(' · ')}
            </span>
          </li>
        ))}
      </ul>
      {query !== '' && results.length === 0 && (
        <p className="hint">
          Nothing in this map has “{query}”.{' '}
          {app.snapshot.phase === 'loading' ? 'It is still being loaded.' : 'A longer time range may have more.'}
        </p>
      )}
    </dialog>
  );
}
