export type Theme = 'system' | 'light' | 'dark';

const KEY = 'network-mapper/theme';

interface ReadableStore {
  getItem(key: string): string | null;
}

export function readThemeChoice(storage: ReadableStore): Theme {
  try {
    const value = storage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

export function applyTheme(storage: ReadableStore): void {
  const choice = readThemeChoice(storage);
  if (choice === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = choice;
}

/** What is on the screen now, whatever decided it. */
export function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  return theme === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark';
}

/** Turns to the other look; back to the system's own choice when that is the same. */
export function toggleTheme(storage: Storage): void {
  const next = isDark() ? 'light' : 'dark';
  const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  try {
    if (next === system) storage.removeItem(KEY);
    else storage.setItem(KEY, next);
  } catch {
    // Without storage the choice lasts until the page is left.
  }
  if (next === system) delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = next;
}
