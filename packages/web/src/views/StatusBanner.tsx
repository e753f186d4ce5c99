import { useApp } from './context.ts';
import { Icon } from './Icon.tsx';
import { setFocus } from './actions.ts';

/** What one must know about the picture to trust it: connection, loading, losses, focus, comparison. */
export function StatusBanner() {
  const app = useApp();
  const { snapshot, url, map } = app;
  const { progress, live, status, phase, error, model } = snapshot;
  const focused = url.focus === undefined ? undefined : model.nodes.get(url.focus.nodeId);
  const noSniffer = status?.nodesWithoutSniffer ?? [];
  const losses = Object.values(status?.losses ?? {}).reduce((sum, count) => sum + count, 0);
  return (
    <div className="banners">
      {phase === 'failed' && model.links.size > 0 && (
        <p className="banner is-warning" role="alert">
          {error}
        </p>
      )}
      {live === 'reconnecting' && (
        <p className="banner is-warning" role="status">
          <Icon name="warning" /> The mapper is away. What is shown may be old; trying again.
        </p>
      )}
      {phase === 'loading' && progress !== undefined && progress.loaded < progress.total && (
        <p className="banner" role="status">
          Loading {progress.loaded.toLocaleString('en')} of {progress.total.toLocaleString('en')} calls
          <progress max={progress.total} value={progress.loaded} aria-label="Loading" />
        </p>
      )}
      {snapshot.notLoaded > 0 && (
        <p className="banner is-warning">{snapshot.notLoaded.toLocaleString('en')} calls are not loaded: choose a shorter time.</p>
      )}
      {noSniffer.length > 0 && (
        <p className="banner is-warning">
          <Icon name="warning" /> No sniffer reports from {noSniffer.length === 1 ? noSniffer[0] : `${noSniffer.length} nodes`}: calls there
          are missing.
        </p>
      )}
      {losses > 0 && (
        <p className="banner">
          <Icon name="warning" /> The sniffers lost {losses.toLocaleString('en')} observations: counts may be low.
        </p>
      )}
      {url.focus !== undefined && (
        <div className="banner focus-bar" role="group" aria-label="Focus">
          <span>
            Around <strong>{focused?.name ?? 'a workload that is not in this map'}</strong>
          </span>
          <span className="topbar-group">
            {(['up', 'both', 'down'] as const).map((direction) => (
              <button
                key={direction}
                type="button"
                className={`button segment${url.focus?.direction === direction ? ' is-on' : ''}`}
                aria-pressed={url.focus?.direction === direction}
                onClick={() => url.focus !== undefined && setFocus(app, { ...url.focus, direction })}
              >
                {{ up: 'Callers', both: 'Both', down: 'Callees' }[direction]}
              </button>
            ))}
          </span>
          <span className="topbar-group">
            {([1, 2, 3] as const).map((hops) => (
              <button
                key={hops}
                type="button"
                className={`button segment${url.focus?.hops === hops ? ' is-on' : ''}`}
                aria-pressed={url.focus?.hops === hops}
                aria-label={`${hops} ${hops === 1 ? 'hop' : 'hops'}`}
                onClick={() => url.focus !== undefined && setFocus(app, { ...url.focus, hops })}
              >
                {hops}
              </button>
            ))}
          </span>
          <button type="button" className="quiet-button" onClick={() => setFocus(app, undefined)}>
            Show all
          </button>
        </div>
      )}
      {map.changeCounts !== undefined && (
        <p className="banner compare-bar" role="status">
          <span className="tag is-added">+ {map.changeCounts.added.toLocaleString('en')} added</span>
          <span className="tag is-gone">− {map.changeCounts.gone.toLocaleString('en')} gone</span>
          <span className="tag">= {map.changeCounts.same.toLocaleString('en')} same</span>
          <button type="button" className="quiet-button" onClick={() => app.setUrl(({ compare: _compare, ...state }) => state)}>
            Stop comparing
          </button>
        </p>
      )}
    </div>
  );
}
