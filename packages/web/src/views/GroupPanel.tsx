import { useMemo } from 'react';
import type { MapGroup } from '../graph/group.ts';
import type { MapNode } from '../graph/model.ts';
import { visibleText } from '../graph/visible-text.ts';
import { select, toggleGroup } from './actions.ts';
import { useApp } from './context.ts';

const LEVELS = { cluster: 'Cluster', environment: 'Environment', namespace: 'Namespace', outside: 'Outside the cluster' } as const;

/** A namespace or other group: what is in it; a group of the internet is its list of domains and who uses them. */
export function GroupPanel({ group }: { readonly group: MapGroup }) {
  const app = useApp();
  const { map, setUrl } = app;
  const isOpen = map.graph.boxes.some(({ id }) => id === group.id);
  const members = useMemo(() => {
    const users = new Map<string, Set<string>>();
    const calls = new Map<string, number>();
    for (const { client, server, count } of map.links) {
      for (const [node, other] of [
        [client, server],
        [server, client],
      ] as const) {
        calls.set(node.id, (calls.get(node.id) ?? 0) + count);
        if (group.id === 'o:internet') users.set(node.id, (users.get(node.id) ?? new Set()).add(other.name));
      }
    }
    return map.grouping.nodes
      .filter((node) => isInside(map.grouping.groupOf.get(node.id), group.id, map.grouping.groups))
      .map((node) => ({ node, calls: calls.get(node.id) ?? 0, users: [...(users.get(node.id) ?? [])] }))
      .sort((a, b) => b.calls - a.calls);
  }, [map, group.id]);
  return (
    <>
      <p className="eyebrow">{LEVELS[group.level]}</p>
      <h2>{group.label}</h2>
      <div className="panel-actions">
        <button type="button" className="button" onClick={() => toggleGroup(app, group.id)}>
          {isOpen ? 'Close the group' : 'Open the group'}
        </button>
        {group.level === 'namespace' && (
          <button
            type="button"
            className="button"
            onClick={() => setUrl((state) => ({ ...state, filter: { ...state.filter, namespaces: [group.label] } }))}
          >
            Only this
          </button>
        )}
      </div>
      <section className="link-list">
        <h3>
          {group.level === 'outside' ? 'Peers' : 'Workloads'} <span className="count">{group.size.toLocaleString('en')}</span>
        </h3>
        {members.some(({ node }) => node.standsFor !== undefined) && (
          <p className="hint">Not loaded yet; opening the group loads them now.</p>
        )}
        <ul>
          {members
            .filter(({ node }) => node.standsFor === undefined)
            .slice(0, 300)
            .map(({ node, calls, users }) => (
              <li key={node.id}>
                <button type="button" className="row-button" onClick={() => select(app, { type: 'node', id: node.id })}>
                  <span className="row-name">{node.name}</span>
                  <span className="row-where">
                    {addressText(node)}
                    {users.length > 0 &&
                      `used by ${users.slice(0, 3).join(', ')}${users.length > 3 ? ` and ${users.length - 3} more` : ''}`}
                  </span>
                  <span className="count">{calls.toLocaleString('en')}</span>
                </button>
              </li>
            ))}
        </ul>
      </section>
    </>
  );
}

/** Some addresses of a peer outside, and how many there are. */
function addressText({ peer }: MapNode): string {
  if (peer.type !== 'internet' || peer.addresses === undefined || peer.addresses.length === 0) return '';
  const shown = peer.addresses.slice(0, 2);
  const more = Math.max(peer.addressCount ?? 0, peer.addresses.length) - shown.length;
  return `${visibleText(shown.join(', '))}${more > 0 ? ` and ${more.toLocaleString('en')} more` : ''} · `;
}

function isInside(start: string | undefined, id: string, groups: ReadonlyMap<string, MapGroup>): boolean {
  for (let at = start; at !== undefined; at = groups.get(at)?.parent) if (at === id) return true;
  return false;
}
