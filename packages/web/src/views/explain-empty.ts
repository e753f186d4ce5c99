import type { SessionSnapshot } from '../data/session.ts';

export interface EmptyReason {
  readonly kind: 'loading' | 'failed' | 'filtered' | 'window' | 'waiting';
  readonly title: string;
  readonly lines: readonly string[];
}

const MINUTE_MS = 60_000;

/** Why the map is empty, in the reader's words. Pure, because each reason is a promise that a test should hold. */
export function explainEmpty(snapshot: SessionSnapshot, isFiltered: boolean, range: string, now: number): EmptyReason {
  const { phase, error, model, status, source, progress } = snapshot;
  if (phase === 'starting' || (phase === 'loading' && model.links.size === 0))
    return {
      kind: 'loading',
      title: 'Loading the map',
      lines: progress === undefined ? [] : [`${progress.loaded.toLocaleString('en')} of ${progress.total.toLocaleString('en')} calls`],
    };
  if (phase === 'failed') {
    return {
      kind: 'failed',
      title: 'The map could not be loaded',
      lines: [error ?? '', source?.kind === 'live' ? 'Behind a port-forward: is it still up?' : ''].filter((line) => line !== ''),
    };
  }
  if (model.links.size > 0 && isFiltered) {
    return {
      kind: 'filtered',
      title: 'No call passes the filters',
      lines: [`The map has ${model.links.size.toLocaleString('en')} calls in ${range}.`],
    };
  }
  if (model.links.size > 0) {
    return {
      kind: 'filtered',
      title: 'Only system traffic here',
      lines: ['All calls in this window are between system namespaces or node-local. The filters can show them.'],
    };
  }
  if (source?.kind === 'file')
    return { kind: 'window', title: 'No calls in this window', lines: [`${source.label} has none in ${range}.`] };
  if (status === undefined) return { kind: 'window', title: 'No calls seen yet', lines: [`Nothing was seen in ${range}.`] };
  const sniffers = status.reporters.filter(({ kind }) => kind === 'sniffer');
  if (!status.ready) {
    return {
      kind: 'waiting',
      title: 'The mapper is starting',
      lines: ['It reads the cluster before it can name who calls whom. The map appears by itself.'],
    };
  }
  if (sniffers.length === 0) {
    return {
      kind: 'waiting',
      title: 'No sniffer has reported yet',
      lines: [
        'The sniffers see the traffic of each node. Check that their DaemonSet runs: kubectl get daemonset -l app.kubernetes.io/component=sniffer -A',
      ],
    };
  }
  const latest = Math.max(...sniffers.map(({ lastSeen }) => Date.parse(lastSeen)));
  if (now - latest > 5 * MINUTE_MS) {
    return {
      kind: 'waiting',
      title: 'The sniffers have stopped reporting',
      lines: [
        `The last report came ${Math.round((now - latest) / MINUTE_MS)} minutes ago. Their log says why: kubectl logs -l app.kubernetes.io/component=sniffer -A`,
      ],
    };
  }
  if (status.edges > 0)
    return {
      kind: 'window',
      title: 'No calls in this window',
      lines: [`The mapper has ${status.edges.toLocaleString('en')} calls, none of them in ${range}.`],
    };
  return {
    kind: 'waiting',
    title: 'Listening',
    lines: [`${sniffers.length} sniffers report, no call was seen yet. The map appears as soon as pods talk.`],
  };
}
