import { useState } from 'react';
import type { MapLink } from '../graph/model.ts';
import { select } from './actions.ts';
import { useApp } from './context.ts';

const SHOWN_AT_FIRST = 12;

/** The calls of a node by their other end, busiest first. */
export function LinkList({
  title,
  links,
  end,
}: {
  readonly title: string;
  readonly links: readonly MapLink[];
  readonly end: 'client' | 'server';
}) {
  const app = useApp();
  const [showAll, setShowAll] = useState(false);
  if (links.length === 0) return null;
  const ordered = links.toSorted((a, b) => b.count - a.count);
  return (
    <section className="link-list">
      <h3>
        {title} <span className="count">{links.length.toLocaleString('en')}</span>
      </h3>
      <ul>
        {ordered.slice(0, showAll ? 500 : SHOWN_AT_FIRST).map((link) => {
          const other = link[end];
          return (
            <li key={link.id}>
              <button
                type="button"
                className="row-button"
                onClick={() => select(app, { type: 'edge', id: `${link.client.id}>${link.server.id}` })}
              >
                <span className="row-name">{other.name}</span>
                <span className="row-where">{other.namespace ?? ''}</span>
                <Marks link={link} />
                <span className="count">{link.count.toLocaleString('en')}</span>
              </button>
            </li>
          );
        })}
      </ul>
      {links.length > SHOWN_AT_FIRST && (
        <button type="button" className="quiet-button" onClick={() => setShowAll(!showAll)}>
          {showAll ? 'Fewer' : `All ${links.length.toLocaleString('en')}`}
        </button>
      )}
    </section>
  );
}

/** What must not be missed about a call, in words. */
export function Marks({ link }: { readonly link: MapLink }) {
  const intents = link.edge.protection?.intents;
  return (
    <>
      {link.lookedUpOnly && <span className="tag">lookup only</span>}
      {link.policy === 'denied' ? (
        <span className="tag is-danger">would be denied</span>
      ) : (
        link.denied && <span className="tag is-danger">denied</span>
      )}
      {intents === 'unseen' && <span className="tag">declared, never seen</span>}
      {intents === 'undeclared' && <span className="tag is-danger">undeclared</span>}
    </>
  );
}
