/**
 * Builds the access graph into packages/web/dist, unless what is there is newer than its sources. Part of `npm start`
 * and of `npm run build`.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';

const ROOT = join(import.meta.dirname, '..');
const WEB = join(ROOT, 'packages/web');
const PAGE = join(WEB, 'dist/index.html');
const SOURCES = ['packages/web/src', 'packages/web/index.html', 'packages/web/vite.config.ts', 'packages/core/src', 'packages/api/src'];

function newest(path: string): number {
  if (!statSync(path).isDirectory()) return statSync(path).mtimeMs;
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Math.max(...files.map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs));
}

const isFresh = existsSync(PAGE) && statSync(PAGE).mtimeMs >= Math.max(...SOURCES.map((path) => newest(join(ROOT, path))));
if (!isFresh) await build({ configFile: join(WEB, 'vite.config.ts'), logLevel: 'warn' });
