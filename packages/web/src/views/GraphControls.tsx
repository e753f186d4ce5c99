import type { GraphRenderer } from '../render/graph-renderer.ts';
import { useApp } from './context.ts';
import { Icon } from './Icon.tsx';

export function GraphControls({ renderer, onRelayout }: { readonly renderer: GraphRenderer | undefined; readonly onRelayout: () => void }) {
  const app = useApp();
  const { boxes, nodes } = app.map.graph;
  const closedGroups = nodes.filter((node) => node.shape === 'group').map((node) => node.id);
  const openAll = (): void => app.setUrl((state) => ({ ...state, opened: [...new Set([...state.opened, ...closedGroups])], closed: [] }));
  const closeAll = (): void =>
    app.setUrl((state) => ({
      ...state,
      opened: [],
      closed: boxes.filter(({ level }) => level === 'namespace' || level === 'outside').map(({ id }) => id),
    }));
  return (
    <div className="controls" role="toolbar" aria-label="Graph controls">
      <button type="button" className="icon-button" onClick={() => renderer?.zoomBy(1.3)} title="Zoom in (+)" aria-label="Zoom in">
        <Icon name="plus" />
      </button>
      <button type="button" className="icon-button" onClick={() => renderer?.zoomBy(0.77)} title="Zoom out (−)" aria-label="Zoom out">
        <Icon name="minus" />
      </button>
      <button type="button" className="icon-button" onClick={() => renderer?.fit()} title="Fit (0)" aria-label="Fit the map">
        <Icon name="fit" />
      </button>
      <button type="button" className="icon-button" onClick={onRelayout} title="Arrange again" aria-label="Arrange again">
        <Icon name="layout" />
      </button>
      <button
        type="button"
        className="icon-button"
        onClick={openAll}
        disabled={closedGroups.length === 0}
        title="Open all groups"
        aria-label="Open all groups"
      >
        <Icon name="expand" />
      </button>
      <button
        type="button"
        className="icon-button"
        onClick={closeAll}
        disabled={boxes.length === 0}
        title="Close all groups"
        aria-label="Close all groups"
      >
        <Icon name="collapse" />
      </button>
    </div>
  );
}
