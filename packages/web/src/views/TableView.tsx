import { useMemo, useRef, useState } from 'react';
import { formatAge } from '../data/time-range.ts';
import { protectionStates } from '../graph/filter.ts';
import { cellText, COLUMN_TITLES, COLUMNS, sortRows } from '../graph/table.ts';
import type { Column, Row } from '../graph/table.ts';
import { select } from './actions.ts';
import { useApp } from './context.ts';
import { Menu } from './Menu.tsx';
import { SHORT_WORDS } from './protection-words.ts';

/** Rows on the page at first and with each further step: a browser cannot lay out a hundred thousand. */
const STEP = 200;

/** Every call as a row: what the graph shows, for eyes, ears and spreadsheets. */
export function TableView() {
  const app = useApp();
  const { map, url, setUrl, now } = app;
  const [limit, setLimit] = useState(STEP);
  const body = useRef<HTMLTableSectionElement>(null);
  const rows = useMemo(
    () =>
      sortRows(
        map.links.map((link): Row => {
          const change = map.changes?.get(link.id);
          return { link, ...(change === undefined ? {} : { change }) };
        }),
        url.sort,
      ),
    [map.links, map.changes, url.sort],
  );
  const shown = rows.slice(0, limit);
  const columns: readonly Column[] = map.changes === undefined || url.columns.includes('change') ? url.columns : ['change', ...url.columns];
  const sortBy = (column: Column): void =>
    setUrl(
      (state) => ({
        ...state,
        sort: { column, descending: state.sort.column === column ? !state.sort.descending : column === 'count' || column === 'lastSeen' },
      }),
      false,
    );
  return (
    <section className="table-view" aria-label="Calls">
      <div className="table-head">
        <p>
          {rows.length.toLocaleString('en')} calls
          {rows.length > limit ? `, the first ${limit.toLocaleString('en')} shown` : ''}
        </p>
        <Menu label="Columns">
          {() => (
            <ul className="choices">
              {COLUMNS.map((column) => (
                <li key={column}>
                  <label className="switch">
                    <input
                      type="checkbox"
                      checked={url.columns.includes(column)}
                      onChange={() =>
                        setUrl((state) => {
                          const kept = COLUMNS.filter((item) =>
                            item === column ? !state.columns.includes(item) : state.columns.includes(item),
                          );
                          return kept.length === 0 ? state : { ...state, columns: kept };
                        }, false)
                      }
                    />
                    <span>{COLUMN_TITLES[column]}</span>
                  </label>
                </li>
              ))}
            </ul>
          )}
        </Menu>
      </div>
      <div className="table-scroll" tabIndex={0} role="region" aria-label="Table of calls, scrollable">
        <table id="table">
          <caption className="sr-only">Who calls whom; each row is one call. Column heads sort.</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column}
                  scope="col"
                  className={column === 'count' ? 'is-number' : ''}
                  aria-sort={url.sort.column === column ? (url.sort.descending ? 'descending' : 'ascending') : 'none'}
                >
                  <button type="button" onClick={() => sortBy(column)}>
                    {COLUMN_TITLES[column]}
                    <span aria-hidden="true">{url.sort.column === column ? (url.sort.descending ? ' ↓' : ' ↑') : ''}</span>
                  </button>
                </th>
              ))}
              <th scope="col">
                <span className="sr-only">Open</span>
              </th>
            </tr>
          </thead>
          <tbody ref={body}>
            {shown.map((row) => {
              const edgeId = `${row.link.client.id}>${row.link.server.id}`;
              const isChosen = url.selected?.id === edgeId;
              return (
                <tr key={row.link.id} className={isChosen ? 'is-chosen' : ''} onClick={() => select(app, { type: 'edge', id: edgeId })}>
                  {columns.map((column) => (
                    <td key={column} className={column === 'count' ? 'is-number' : ''} title={cellText(row, column)}>
                      <Cell row={row} column={column} now={now} />
                    </td>
                  ))}
                  <td>
                    <button
                      type="button"
                      className="quiet-button"
                      aria-label={`Open ${row.link.client.name} to ${row.link.server.name}`}
                      onClick={(event) => {
                        event.stopPropagation();
                        select(app, { type: 'edge', id: edgeId });
                      }}
                    >
                      Open
                    </button>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {rows.length > limit && (
          <button type="button" className="button more" onClick={() => setLimit(limit + STEP * 2)}>
            Show more
          </button>
        )}
      </div>
    </section>
  );
}

function Cell({ row, column, now }: { readonly row: Row; readonly column: Column; readonly now: number }) {
  const { link } = row;
  if (column === 'count') return link.count.toLocaleString('en');
  if (column === 'firstSeen' || column === 'lastSeen') {
    const at = column === 'firstSeen' ? link.firstSeenAt : link.lastSeenAt;
    return at === 0 ? 'never' : formatAge(now - at);
  }
  if (column === 'change') {
    return row.change === undefined ? null : (
      <span className={`tag is-${row.change}`}>{{ added: '+ added', gone: '− gone', same: '= same' }[row.change]}</span>
    );
  }
  if (column === 'protection') {
    return protectionStates(link).map((state) => (
      <span key={state} className={`tag ${state === 'denied' || state === 'undeclared' ? 'is-danger' : ''}`}>
        {SHORT_WORDS[state]}
      </span>
    ));
  }
  return column === 'evidence' && link.lookedUpOnly ? 'lookup only' : cellText(row, column);
}
