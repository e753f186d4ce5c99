import { useEffect, useRef } from 'react';
import type { Selection } from '../data/url-state.ts';
import type { MapLink } from '../graph/model.ts';
import { closePanel } from './actions.ts';
import { useApp } from './context.ts';
import { EdgePanel } from './EdgePanel.tsx';
import { GroupPanel } from './GroupPanel.tsx';
import { Icon } from './Icon.tsx';
import { NodePanel } from './NodePanel.tsx';

/** What is chosen, in full. */
export function Panel() {
  const app = useApp();
  const { selected } = app.url;
  const panel = useRef<HTMLElement>(null);
  const key = selected === undefined ? '' : `${selected.type}:${selected.id}`;
  useEffect(() => {
    panel.current?.scrollTo(0, 0);
  }, [key]);
  if (selected === undefined) return null;
  return (
    <aside ref={panel} className="panel" aria-label="Details" tabIndex={-1} key={key}>
      <button
        type="button"
        className="icon-button panel-close"
        aria-label="Close details"
        title="Close (Esc)"
        onClick={() => closePanel(app)}
      >
        <Icon name="close" />
      </button>
      <PanelContent selected={selected} />
    </aside>
  );
}

function PanelContent({ selected }: { readonly selected: Selection }) {
  const { snapshot, map } = useApp();
  switch (selected.type) {
    case 'node': {
      const node = snapshot.model.nodes.get(selected.id) ?? snapshot.before?.nodes.get(selected.id);
      return node === undefined ? <Gone /> : <NodePanel node={node} />;
    }
    case 'group': {
      const group = map.grouping.groups.get(selected.id);
      return group === undefined ? <Gone /> : <GroupPanel group={group} />;
    }
    case 'edge': {
      const [source, target] = splitEdgeId(selected.id);
      // What a panel leads to may be outside of filter and focus: it is shown all the same.
      const known = [...map.links, ...snapshot.model.links.values()];
      const links =
        map.graph.edges.find(({ id }) => id === selected.id)?.links ??
        unique(known.filter(({ client, server }) => client.id === source && server.id === target));
      return links.length === 0 ? <Gone /> : <EdgePanel links={links} />;
    }
  }
}

/** Ids of drawn edges join their ends' ids, of which none holds the sign between them. */
function splitEdgeId(id: string): readonly [string, string] {
  const at = id.indexOf('>');
  return [id.slice(0, at), id.slice(at + 1)];
}

function unique(links: readonly MapLink[]): MapLink[] {
  return [...new Map(links.map((link) => [link.id, link])).values()];
}

function Gone() {
  return (
    <>
      <h2>Not in this map</h2>
      <p className="hint">
        What this address points at was not seen in the chosen time, or is filtered away. A longer time may bring it back.
      </p>
    </>
  );
}
