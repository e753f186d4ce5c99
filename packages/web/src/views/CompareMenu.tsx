import { describeRange, previousRange } from '../data/time-range.ts';
import type { TimeRange } from '../data/time-range.ts';
import { useApp } from './context.ts';
import { Menu } from './Menu.tsx';
import { RangeForm } from './TimeMenu.tsx';

/** Compares the shown window with an earlier one: what was added, what is gone. */
export function CompareMenu() {
  const { url, snapshot, setUrl, now } = useApp();
  const time = url.time ?? snapshot.source?.defaultTime ?? { type: 'all' };
  const previous = previousRange(time, now);
  const compare = (range: TimeRange | undefined, close: () => void): void => {
    setUrl(({ compare: _old, ...state }) => (range === undefined ? state : { ...state, compare: range }));
    close();
  };
  return (
    <Menu label={url.compare === undefined ? 'Compare' : 'Comparing'} className="compare-menu" title="Compare two windows">
      {(close) => (
        <>
          <p className="hint">Compare what is shown ({describeRange(time)}) with an earlier window.</p>
          <ul className="choices">
            {previous !== undefined && (
              <li>
                <button type="button" className="choice" onClick={() => compare(previous, close)}>
                  The window just before
                </button>
              </li>
            )}
            {url.compare !== undefined && (
              <li>
                <button type="button" className="choice" onClick={() => compare(undefined, close)}>
                  Stop comparing
                </button>
              </li>
            )}
          </ul>
          <RangeForm action="Compare" onChoose={(range) => compare(range, close)} />
        </>
      )}
    </Menu>
  );
}
