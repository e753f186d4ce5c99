/** Line icons on a 20-unit grid, drawn for this page. */
const PATHS = {
  plus: 'M10 4v12M4 10h12',
  minus: 'M4 10h12',
  fit: 'M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4',
  layout: 'M4 5h5v4H4zM12 4h4v4h-4zM11 12h5v4h-5zM9 7h3M7 9v5h4',
  expand: 'M6 8l4-4 4 4M6 12l4 4 4-4',
  collapse: 'M6 4l4 4 4-4M6 16l4-4 4 4',
  search: 'M9 3.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM13 13l4 4',
  filter: 'M3 5h14M6 10h8M8.5 15h3',
  close: 'M5 5l10 10M15 5L5 15',
  export: 'M10 3v9M6 9l4 4 4-4M4 16h12',
  sun: 'M10 6.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM10 2v2M10 16v2M2 10h2M16 10h2M4.3 4.3l1.4 1.4M14.3 14.3l1.4 1.4M4.3 15.7l1.4-1.4M14.3 5.7l1.4-1.4',
  moon: 'M16 12.5A6.5 6.5 0 0 1 7.5 4a6.5 6.5 0 1 0 8.5 8.5z',
  help: 'M10 2.5a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15zM7.8 8a2.2 2.2 0 1 1 3 2c-.6.3-.8.7-.8 1.4M10 14v.2',
  graph:
    'M5 3.5a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM15 5.500a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM8 12.500a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM7 5.800l6 1.300M13.700 9l-4.500 4M5.700 7.400l1.700 5.200',
  table: 'M3 4h14v12H3zM3 8h14M3 12h14M8 8v8',
  copy: 'M7 7h9v9H7zM4 13V4h9',
  shield: 'M10 3l6 2v5c0 4-3 6-6 7-3-1-6-3-6-7V5z',
  warning: 'M10 3l8 14H2zM10 8v4M10 14.500v.2',
  arrow: 'M4 10h12M12 6l4 4-4 4',
  unlock: 'M5 9h10v7H5zM7 9V6.500a3 3 0 0 1 5.800-1M10 12v1.500',
  check: 'M4 10l4 4 8-8',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
