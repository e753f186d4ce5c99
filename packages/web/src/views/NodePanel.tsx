import { useMemo, useState } from 'react';
import { formatAge } from '../data/time-range.ts';
import type { MapLink, MapNode } from '../graph/model.ts';
import { toFileName, visibleText } from '../graph/visible-text.ts';
import { download, select, setFocus } from './actions.ts';
import { useApp } from './context.ts';
import { toIntentsYaml } from './export-map.ts';
import { Icon } from './Icon.tsx';
import { LinkList } from './LinkList.tsx';
import { Facts } from './Facts.tsx';
import { PodList, ServerProtection, useWorkloadDetails } from './WorkloadFacts.tsx';

const TYPE_NAMES: Readonly<Record<MapNode['type'], string>> = {
  workload: 'Workload',
  service: 'Service without pods',
  internet: 'Outside the cluster',
  apiServer: 'Kubernetes API server',
  node: 'Node',
  aws: 'AWS resource',
  gcp: 'Google Cloud resource',
  azure: 'Azure resource',
  unknown: 'Unknown address',
};

const REASONS: ReadonlyMap<string, string> = new Map([
  ['pod-gone', 'A pod that nobody watched had this address and is gone.'],
  ['never-owned', 'No pod ever had this address.'],
  ['not-yet-known', 'The cluster has not told yet who has this address.'],
  ['name-not-found', 'No object of that name exists.'],
]);

/** A workload, domain, node or resource: what it is, who calls it, whom it calls. */
export function NodePanel({ node }: { readonly node: MapNode }) {
  const app = useApp();
  const { model, version } = app.snapshot;
  const { outgoing, incoming } = useMemo(() => {
    const all = [...model.links.values()];
    return { outgoing: all.filter(({ client }) => client.id === node.id), incoming: all.filter(({ server }) => server.id === node.id) };
    // The model is mutable; its version says when it changed.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [model, version, node]);
  const { peer } = node;
  const details = useWorkloadDetails(peer.type === 'workload' ? peer : undefined);
  const all = [...outgoing, ...incoming].filter(({ lastSeenAt }) => lastSeenAt > 0);
  const firstSeenAt = all.reduce((first, link) => Math.min(first, link.firstSeenAt), Number.POSITIVE_INFINITY);
  const lastSeenAt = all.reduce((last, link) => Math.max(last, link.lastSeenAt), 0);
  const ports = [
    ...new Set(
      incoming.flatMap(({ edge }) => edge.ports.map(({ port, protocol }) => (port === undefined ? protocol : `${port}/${protocol}`))),
    ),
  ];
  const domains = outgoing.flatMap(({ server }) =>
    server.peer.type === 'internet' && server.peer.domain !== undefined ? [server.peer.domain] : [],
  );
  const addresses =
    peer.type === 'internet' || peer.type === 'service'
      ? (peer.addresses ?? [])
      : peer.type === 'unknown' && peer.address !== undefined
        ? [peer.address]
        : [];
  return (
    <>
      <p className="eyebrow">{peer.type === 'workload' && peer.kind !== '' ? peer.kind : TYPE_NAMES[node.type]}</p>
      <h2>{node.name}</h2>
      <div className="panel-actions">
        <button type="button" className="button" onClick={() => setFocus(app, { nodeId: node.id, direction: 'both', hops: 1 })}>
          Focus
        </button>
        {node.namespace !== undefined && (
          <button
            type="button"
            className="button"
            onClick={() => select(app, { type: 'group', id: `n:${node.cluster ?? ''}/${node.namespace ?? ''}` })}
          >
            {node.namespace}
          </button>
        )}
      </div>
      <ServerProtection protection={details?.protection} incoming={incoming} />
      <Facts
        facts={[
          ['Cluster', node.cluster],
          ['Environment', node.environment],
          ['Namespace', node.namespace],
          ['Scope', peer.type === 'internet' ? peer.scope : undefined],
          ['Resource', 'resource' in peer ? peer.resource : undefined],
          ['Account', 'account' in peer ? peer.account : undefined],
          ['Region', 'region' in peer ? peer.region : undefined],
          ['Why unknown', peer.type === 'unknown' && peer.reason !== undefined ? (REASONS.get(peer.reason) ?? peer.reason) : undefined],
          ['Ports called', ports.length > 0 ? ports.slice(0, 20).join(', ') : undefined],
          [
            'Domains used',
            domains.length > 0
              ? `${domains.slice(0, 8).join(', ')}${domains.length > 8 ? ` and ${domains.length - 8} more` : ''}`
              : undefined,
          ],
          ['First seen', Number.isFinite(firstSeenAt) ? formatAge(app.now - firstSeenAt) : undefined],
          ['Last seen', lastSeenAt > 0 ? formatAge(app.now - lastSeenAt) : undefined],
        ]}
      />
      {addresses.length > 0 && (
        <details>
          <summary>
            Addresses{' '}
            <span className="count">
              {Math.max(addresses.length, peer.type === 'internet' ? (peer.addressCount ?? 0) : 0).toLocaleString('en')}
            </span>
          </summary>
          <ul className="mono-list">
            {addresses.map((address) => (
              <li key={address}>{address}</li>
            ))}
          </ul>
        </details>
      )}
      {details !== undefined && <PodList pods={details.pods} />}
      {peer.type === 'workload' && peer.labels !== undefined && (
        <details>
          <summary>
            Labels <span className="count">{Object.keys(peer.labels).length}</span>
          </summary>
          <ul className="mono-list">
            {Object.entries(peer.labels).map(([key, value]) => (
              <li key={key}>{visibleText(`${key}=${value}`)}</li>
            ))}
          </ul>
        </details>
      )}
      <LinkList title={peer.type === 'internet' ? 'Used by' : 'Callers'} links={incoming} end="client" />
      <LinkList title="Calls" links={outgoing} end="server" />
      {peer.type === 'workload' && <Intents node={node} links={outgoing} />}
    </>
  );
}

function Intents({ node, links }: { readonly node: MapNode; readonly links: readonly MapLink[] }) {
  const app = useApp();
  const [yaml, setYaml] = useState<string>();
  if (links.length === 0) return null;
  return (
    <details
      onToggle={(event) => {
        if (event.currentTarget.open && yaml === undefined) void toIntentsYaml(links, app.now).then(setYaml);
      }}
    >
      <summary>ClientIntents</summary>
      {yaml !== undefined && (
        <>
          <div className="panel-actions">
            <button
              type="button"
              className="button"
              onClick={() => {
                navigator.clipboard.writeText(yaml).then(
                  () => app.notify('Copied'),
                  () => app.notify('The browser did not allow copying; use Download'),
                );
              }}
            >
              <Icon name="copy" /> Copy
            </button>
            <button type="button" className="button" onClick={() => download(`${toFileName(node.name)}.yaml`, yaml, 'application/yaml')}>
              <Icon name="export" /> Download
            </button>
          </div>
          <pre tabIndex={0} aria-label="ClientIntents as YAML">
            {yaml === '' ? '# Nothing that ClientIntents can say.' : yaml}
          </pre>
        </>
      )}
    </details>
  );
}
