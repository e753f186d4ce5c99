import { useEffect, useState } from 'react';
import type { schema } from '@nm/api';
import type { WorkloadDetails, WorkloadName } from '../data/source.ts';
import { formatAge } from '../data/time-range.ts';
import { isServerProtected } from '../graph/model.ts';
import type { MapLink } from '../graph/model.ts';
import { useApp } from './context.ts';
import { Icon } from './Icon.tsx';

/** What the mapper knows of a workload beyond its calls; undefined until it has told, and from a file. */
export function useWorkloadDetails(name: WorkloadName | undefined): WorkloadDetails | undefined {
  const { source } = useApp().snapshot;
  const [details, setDetails] = useState<WorkloadDetails>();
  const key = name === undefined ? '' : JSON.stringify(name);
  useEffect(() => {
    if (source === undefined || key === '') return;
    const stop = new AbortController();
    source.loadWorkload(JSON.parse(key) as WorkloadName, stop.signal).then(setDetails, () => undefined);
    return () => stop.abort();
  }, [source, key]);
  return details;
}

/** Whether anything restricts who may call a server, by which policy, and whom that would stop. */
export function ServerProtection({
  protection,
  incoming,
}: {
  readonly protection: schema.WorkloadProtection | undefined;
  readonly incoming: readonly MapLink[];
}) {
  const known = incoming.map(isServerProtected).filter((state) => state !== undefined);
  const isProtected = protection === undefined ? known.some(Boolean) : protection.state === 'protected';
  if (protection === undefined && known.length === 0) return null;
  const denied = incoming.filter(({ policy }) => policy === 'denied').length;
  const undeclared = incoming.filter(({ edge }) => edge.protection?.intents === 'undeclared').length;
  const by = [...(protection?.ingress ?? []), ...(protection?.mesh ?? []), ...(protection?.intents ?? [])];
  return (
    <div className={`protection ${isProtected ? 'is-protected' : 'is-open'}`}>
      <Icon name={isProtected ? 'shield' : 'unlock'} />
      <span>
        {isProtected ? 'Protected: policies say who may call it' : 'Open: no policy restricts who may call it'}
        {by.length > 0 && (
          <small>
            by <bdi>{by.join(', ')}</bdi>
          </small>
        )}
        {protection?.hostNetwork === true && <small>Its pods use the node’s network, where network policies do not apply.</small>}
        {denied > 0 && <small>{denied === 1 ? 'One caller' : `${denied} callers`} would be denied.</small>}
        {undeclared > 0 && <small>{undeclared === 1 ? 'One caller is' : `${undeclared} callers are`} undeclared.</small>}
      </span>
    </div>
  );
}

/** The pods that a workload has now. */
export function PodList({ pods }: { readonly pods: readonly schema.Pod[] }) {
  const { now } = useApp();
  return (
    <details open={pods.length <= 5}>
      <summary>
        Pods now <span className="count">{pods.length.toLocaleString('en')}</span>
      </summary>
      {pods.length === 0 && <p className="hint">None: scaled to zero, finished or deleted.</p>}
      <ul className="pod-list">
        {pods.map((pod) => (
          <li key={pod.name}>
            <span className="pod-name">{pod.name}</span>
            <span className={`tag ${pod.ready === false ? 'is-gone' : ''}`}>{podState(pod)}</span>
            <small>{[pod.node, pod.addresses.join(' '), formatAge(now - Date.parse(pod.createdAt))].filter(Boolean).join(' · ')}</small>
          </li>
        ))}
      </ul>
    </details>
  );
}

function podState({ phase, ready }: schema.Pod): string {
  if (phase !== 'Running' || ready == null) return phase;
  return ready ? 'Ready' : 'Not ready';
}
