import type { Palette } from '../graph/looks.ts';

/** The same tokens as the rest of the page (styles/tokens.css). */
const TOKENS = {
  background: '--canvas',
  text: '--text',
  muted: '--text-muted',
  node: '--surface',
  border: '--node-border',
  box: '--box',
  boxBorder: '--box-border',
  accent: '--accent',
  edge: '--edge',
  internet: '--edge-internet',
  kafka: '--edge-kafka',
  http: '--edge-http',
  cloud: '--edge-cloud',
  danger: '--danger',
  warning: '--edge-open',
  added: '--added',
  group: '--group',
} as const satisfies Readonly<Record<keyof Palette, string>>;

export function readTheme(element: Element): Palette {
  const style = getComputedStyle(element);
  return Object.fromEntries(
    Object.entries(TOKENS).map(([name, token]) => [name, style.getPropertyValue(token).trim()]),
  ) as unknown as Palette;
}
