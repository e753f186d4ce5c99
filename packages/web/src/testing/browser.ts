import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';

/** A real Chromium from npm packages. It unpacks itself into TMPDIR once per version. */
export async function launchBrowser(): Promise<Browser> {
  const { default: chromium } = await import('@sparticuz/chromium');
  const { chromium: playwright } = await import('playwright-core');
  const executablePath = await chromium.executablePath();
  return playwright.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'], headless: true });
}

/** Builds the page as it ships, into a folder of its own. */
export async function buildPage(): Promise<string> {
  const { build } = await import('vite');
  const folder = mkdtempSync(join(tmpdir(), 'network-mapper-web-'));
  const root = join(import.meta.dirname, '../..');
  await build({ configFile: join(root, 'vite.config.ts'), logLevel: 'error', build: { outDir: folder, emptyOutDir: true } });
  return folder;
}
