import { useEffect, useState } from 'react';
import type { EvidenceKind } from '@nm/core';
import { formatAge, formatInstant } from '../data/time-range.ts';
import type { ActivitySeries } from '../graph/activity.ts';
import type { MapLink } from '../graph/model.ts';
import type { UiEdge } from '../graph/ui-edge.ts';
import { visibleText } from '../graph/visible-text.ts';
import { select } from './actions.ts';
import { useApp } from './context.ts';
import { Facts } from './Facts.tsx';
import { Icon } from './Icon.tsx';
import { Marks } from './LinkList.tsx';
import { ProtectionFacts } from './ProtectionFacts.tsx';
import { barsPath } from './TimeBar.tsx';

const EVIDENCE_NAMES: Readonly<Record<EvidenceKind, string>> = {
  dns: 'Name looked up',
  tcp: 'Connection attempt',
  socket: 'Open connection',
  udp: 'UDP',
  kafka: 'Kafka log',
  http: 'HTTP request (mesh)',
  aws: 'Cloud request',
};

/** One call, or the calls between two groups. */
export function EdgePanel({ links }: { readonly links: readonly MapLink[] }) {
  const [first] = links;
  if (first === undefined) return null;
  if (links.every(({ standsFor }) => standsFor !== undefined)) return <NotLoaded links={links} />;
  return links.length === 1 ? <OneEdge key={first.id} link={first} /> : <ManyEdges links={links} />;
}

function ManyEdges({ links }: { readonly links: readonly MapLink[] }) {
  const app = useApp();
  return (
    <>
      <p className="eyebrow">Calls between groups</p>
      <h2>{links.length.toLocaleString('en')} calls</h2>
      <ul className="link-list">
        {links
          .toSorted((a, b) => b.count - a.count)
          .slice(0, 200)
          .map((link) => (
            <li key={link.id}>
              <button
                type="button"
                className="row-button"
                onClick={() => select(app, { type: 'edge', id: `${link.client.id}>${link.server.id}` })}
              >
                <span className="row-name">
                  {link.client.name} → {link.server.name}
                </span>
                <Marks link={link} />
                <span className="count">{link.count.toLocaleString('en')}</span>
              </button>
            </li>
          ))}
      </ul>
      {links.length > 200 && <p className="hint">The busiest 200; the table has all.</p>}
    </>
  );
}

/** Calls between groups of a large map that is still being loaded. */
function NotLoaded({ links }: { readonly links: readonly MapLink[] }) {
  const { session } = useApp();
  const [first] = links;
  const count = links.reduce((sum, link) => sum + (link.standsFor ?? 0), 0);
  useEffect(() => {
    if (first?.client.namespace !== undefined) void session.want(first.client.namespace);
  }, [session, first]);
  return (
    <>
      <p className="eyebrow">Calls between groups</p>
      <h2>
        {first?.client.namespace ?? first?.client.type} → {first?.server.namespace ?? first?.server.type}
      </h2>
      <p className="hint">{count === 1 ? 'One call' : `${count.toLocaleString('en')} calls`}; loading them …</p>
    </>
  );
}

function OneEdge({ link }: { readonly link: MapLink }) {
  const app = useApp();
  const { edge, activity } = useDetails(link);
  return (
    <>
      <p className="eyebrow">Call</p>
      <h2 className="edge-title">
        <button type="button" className="name-button" onClick={() => select(app, { type: 'node', id: link.client.id })}>
          {link.client.name}
        </button>
        <Icon name="arrow" />
        <button type="button" className="name-button" onClick={() => select(app, { type: 'node', id: link.server.id })}>
          {link.server.name}
        </button>
      </h2>
      <p className="marks">
        <Marks link={link} />
        {edge.shared && <span className="tag">one of several behind the Service</span>}
        {edge.class === 'system' && <span className="tag">system</span>}
      </p>
      {link.lookedUpOnly && (
        <p className="hint">The name was looked up, and no connection was seen: prefetched, unused, or made by another protocol.</p>
      )}
      <ProtectionFacts edge={edge} />
      {activity !== undefined && activity.points.length > 1 && (
        <svg
          className="edge-activity"
          viewBox={`0 0 ${activity.points.length} 40`}
          preserveAspectRatio="none"
          role="img"
          aria-label="Activity of this call over the window"
        >
          <path className="timebar-bars" d={barsPath(activity, Math.max(1, ...activity.points.map(({ count }) => count)), 40)} />
        </svg>
      )}
      <h3>Known by</h3>
      <table className="small-table">
        <thead>
          <tr>
            <th scope="col">How</th>
            <th scope="col" className="is-number">
              Count
            </th>
            <th scope="col">First</th>
            <th scope="col">Last</th>
          </tr>
        </thead>
        <tbody>
          {(Object.entries(edge.evidence) as [EvidenceKind, UiEdge['evidence'][EvidenceKind]][]).map(
            ([kind, evidence]) =>
              evidence !== undefined && (
                <tr key={kind}>
                  <td>{EVIDENCE_NAMES[kind]}</td>
                  <td className="is-number">
                    {evidence.approximate === true ? '≈ ' : ''}
                    {evidence.count.toLocaleString('en')}
                  </td>
                  <td title={formatInstant(Date.parse(evidence.firstSeen))}>{formatAge(app.now - Date.parse(evidence.firstSeen))}</td>
                  <td title={formatInstant(Date.parse(evidence.lastSeen))}>{formatAge(app.now - Date.parse(evidence.lastSeen))}</td>
                </tr>
              ),
          )}
        </tbody>
      </table>
      <Ports edge={edge} />
      <Accesses edge={edge} />
      <Facts
        facts={[
          ['Services', edge.services?.map(({ namespace, name }) => `${name}.${namespace}`).join(', ')],
          ['Asked for as', edge.names?.join(', ')],
          ['Addresses', edge.server.type === 'internet' ? edge.server.addresses?.join(', ') : undefined],
          ['Via', edge.via?.type === 'workload' ? `${edge.via.name}.${edge.via.namespace}` : undefined],
        ]}
      />
    </>
  );
}

/** The edge with everything, and its activity, as soon as the source has told. */
function useDetails(link: MapLink): { readonly edge: UiEdge; readonly activity: ActivitySeries | undefined } {
  const { source, window } = useApp().snapshot;
  const [full, setFull] = useState<{ readonly of: MapLink; readonly edge: UiEdge | undefined }>();
  const [activity, setActivity] = useState<ActivitySeries>();
  useEffect(() => {
    if (source === undefined) return;
    const stop = new AbortController();
    const quiet = (): void => undefined;
    source.loadEdge(link.id, window, stop.signal).then((edge) => setFull({ of: link, edge }), quiet);
    source.loadActivity({ window, buckets: 60, edgeId: link.id }, stop.signal).then(setActivity, quiet);
    return () => stop.abort();
    // A live change makes another link of it, with newer counts.
  }, [source, window, link]);
  return { edge: full?.of === link && full.edge !== undefined ? full.edge : link.edge, activity };
}

function Ports({ edge }: { readonly edge: UiEdge }) {
  if (edge.ports.length === 0) return null;
  return (
    <>
      <h3>Ports</h3>
      <ul className="mono-list">
        {edge.ports.map(({ port, protocol, service, servicePort, evidence }) => {
          const count = Object.values(evidence ?? {}).reduce((sum, item) => sum + (item?.count ?? 0), 0);
          return (
            <li key={`${port ?? ''}/${protocol}/${service?.namespace ?? ''}/${service?.name ?? ''}/${servicePort ?? ''}`}>
              <span>
                {port ?? '?'}/{protocol}
                {service !== undefined &&
                  ` through ${service.name}.${service.namespace}${servicePort === undefined ? '' : `:${servicePort}`}`}
              </span>
              {count > 0 && <span className="count">{count.toLocaleString('en')}</span>}
            </li>
          );
        })}
      </ul>
    </>
  );
}

function Accesses({ edge }: { readonly edge: UiEdge }) {
  return (
    <>
      {edge.kafka !== undefined && edge.kafka.length > 0 && (
        <>
          <h3>Kafka</h3>
          <ul className="mono-list">
            {edge.kafka.map(({ topic, operation, allowed, resourceType, principal }) => (
              <li key={`${topic}/${operation}/${String(allowed)}/${resourceType ?? ''}/${principal ?? ''}`}>
                <span>
                  {visibleText(operation)} {resourceType === undefined || resourceType === 'topic' ? '' : `${resourceType} `}
                  {visibleText(topic)}
                </span>
                <span className={`tag ${allowed ? '' : 'is-danger'}`}>{allowed ? 'allowed' : 'denied'}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {edge.http !== undefined && edge.http.length > 0 && (
        <>
          <h3>HTTP</h3>
          <ul className="mono-list">
            {edge.http.map(({ path, methods }) => (
              <li key={path}>
                <span>{visibleText(path)}</span>
                <span className="count">{visibleText(methods.join(' '))}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {edge.actions !== undefined && edge.actions.length > 0 && (
        <>
          <h3>Actions</h3>
          <ul className="mono-list">
            {edge.actions.map(({ action, count }) => (
              <li key={action}>
                <span>{visibleText(action)}</span>
                <span className="count">{count.toLocaleString('en')}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
