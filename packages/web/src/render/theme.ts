/** Colours of the canvas, read from the same tokens as the rest of the page (styles/tokens.css). */
export interface CanvasTheme {
  readonly background: string;
  readonly text: string;
  readonly muted: string;
  readonly node: string;
  readonly border: string;
  readonly box: string;
  readonly boxBorder: string;
  readonly accent: string;
  readonly edge: string;
  readonly internet: string;
  readonly kafka: string;
  readonly http: string;
  readonly cloud: string;
  readonly danger: string;
  readonly added: string;
  readonly group: string;
}

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
  added: '--added',
  group: '--group',
} as const satisfies Readonly<Record<keyof CanvasTheme, string>>;

export function readTheme(element: Element): CanvasTheme {
  const style = getComputedStyle(element);
  return Object.fromEntries(
    Object.entries(TOKENS).map(([name, token]) => [name, style.getPropertyValue(token).trim()]),
  ) as unknown as CanvasTheme;
}
