import type { Selection } from '../data/url-state.ts';
import type { Focus } from '../graph/focus.ts';
import type { AppContext } from './context.ts';

/** What several views do in the same way. */
export function select(app: AppContext, selected: Selection): void {
  app.setUrl((state) => ({ ...state, selected }));
}

export function closePanel(app: AppContext): void {
  app.setUrl(({ selected: _selected, ...rest }) => rest);
}

export function toggleGroup({ map, setUrl, announce }: AppContext, id: string): void {
  const isShown = map.graph.boxes.some((box) => box.id === id);
  const without = (list: readonly string[]): string[] => list.filter((item) => item !== id);
  setUrl((state) => ({
    ...state,
    opened: isShown ? without(state.opened) : [...without(state.opened), id],
    closed: isShown ? [...without(state.closed), id] : without(state.closed),
  }));
  announce(`${map.grouping.groups.get(id)?.label ?? 'Group'} ${isShown ? 'closed' : 'opened'}`);
}

export function setFocus(app: AppContext, focus: Focus | undefined): void {
  app.setUrl(({ focus: _focus, ...rest }) => (focus === undefined ? rest : { ...rest, focus }));
}

/** Gives the browser a file to save. */
export function download(name: string, content: string | Blob, type = 'text/plain'): void {
  const url = URL.createObjectURL(typeof content === 'string' ? new Blob([content], { type }) : content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
