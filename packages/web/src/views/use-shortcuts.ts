import { useEffect } from 'react';
import type { AppContext } from './context.ts';

export const SHORTCUTS = [
  { keys: ['⌘ K', 'Ctrl K', '/'], does: 'Search' },
  { keys: ['G'], does: 'Graph' },
  { keys: ['T'], does: 'Table' },
  { keys: ['Esc'], does: 'Close the panel, leave the focus' },
  { keys: ['?'], does: 'This help' },
  { keys: ['← ↑ → ↓'], does: 'Move the map (when it has the focus)' },
  { keys: ['+', '−', '0'], does: 'Zoom in, out, fit (when the map has the focus)' },
  { keys: ['N', 'P'], does: 'Next, previous workload (when the map has the focus)' },
  { keys: ['Enter'], does: 'Open or close the chosen group (when the map has the focus)' },
] as const;

/** Keys that work anywhere on the page, but not while somebody types. */
export function useShortcuts(app: AppContext, actions: { readonly search: () => void; readonly help: () => void }): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() === 'k' && (event.metaKey || event.ctrlKey)) {
        event.preventDefault();
        actions.search();
        return;
      }
      if (isTyping(event.target) || event.metaKey || event.ctrlKey || event.altKey) return;
      switch (event.key) {
        case '/':
          event.preventDefault();
          return actions.search();
        case '?':
          return actions.help();
        case 'g':
          return app.setUrl((state) => ({ ...state, view: 'graph' }));
        case 't':
          return app.setUrl((state) => ({ ...state, view: 'table' }));
        case 'Escape':
          if (document.querySelector('dialog[open]') !== null) return;
          return app.setUrl(({ selected, focus, ...rest }) => (selected === undefined || focus === undefined ? rest : { ...rest, focus }));
        default:
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
