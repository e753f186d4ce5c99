import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { buildPage, launchBrowser } from '../packages/web/src/testing/browser.ts';
import { createFixtureMap, FIXTURE_SIZES } from '../packages/web/src/testing/fixture-map.ts';
import { startFixtureServer } from '../packages/web/src/testing/fixture-server.ts';

/**
 * The web page in a real Chromium without a GPU, served from fixtures: time to the first map, the longest task of the
 * page's own thread while data arrives (as time passes, and as CPU time, which other work on the machine leaves alone),
 * script time per frame while panning and zooming, size of the first view's JavaScript.
 * `node bench/web.ts [repeats] [load|frames]`
 */
const REPEATS = Number(process.argv[2] ?? 3);
const FRAMES_MS = 3_000;
/** `load` or `frames`; both unless given. */
const ONLY = process.argv[3];

interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly target: number;
  readonly values: number[];
}

const figures: Figure[] = [];
function record(name: string, unit: string, target: number, value: number): void {
  const known = figures.find((figure) => figure.name === name);
  if (known === undefined) figures.push({ name, unit, target, values: [value] });
  else known.values.push(value);
}

const folder = await buildPage();
const browser = await launchBrowser();
try {
  record('JavaScript of the first view, gzip', 'kB', 350, firstViewBytes() / 1_000);
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    if (ONLY !== 'frames') {
      await benchFirstMap(browser, 'medium', 1_000);
      await benchFirstMap(browser, 'large', 3_000);
      await benchFirstMap(browser, 'huge', 3_000);
    }
    if (ONLY !== 'load') await benchFrames(browser);
  }
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}

for (const { name, unit, target, values } of figures) {
  const sorted = values.toSorted((a, b) => a - b);
  const [min, median, max] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].map((value) => (value ?? 0).toFixed(1));
  console.log(`${name}: min ${min}, median ${median}, max ${max} ${unit} (at most ${target})`);
}
const results = join(import.meta.dirname, 'results');
mkdirSync(results, { recursive: true });
writeFileSync(join(results, 'web.json'), `${JSON.stringify(figures, undefined, 2)}\n`);

/** The scripts that index.html names; what is loaded later (layout worker, YAML writer) does not count. */
function firstViewBytes(): number {
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  const scripts = readdirSync(join(folder, 'assets')).filter((file) => file.endsWith('.js') && html.includes(file));
  return scripts.reduce((sum, file) => sum + gzipSync(readFileSync(join(folder, 'assets', file))).length, 0);
}

async function openPage(browser: Browser, url: string, before?: (page: Page) => Promise<void>): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  await page.addInitScript(() => {
    const store = globalThis as unknown as { longTasks: number[] };
    store.longTasks = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) store.longTasks.push(entry.duration);
    }).observe({ type: 'longtask', buffered: true });
  });
  await before?.(page);
  await page.goto(url);
  return page;
}

async function benchFirstMap(browser: Browser, size: keyof typeof FIXTURE_SIZES, targetMs: number): Promise<void> {
  const now = Date.now();
  const { workloads, edges } = FIXTURE_SIZES[size];
  const server = await startFixtureServer({ folder, edges: createFixtureMap({ workloads, edges, now }), now });
  let tasks: TaskRecorder | undefined;
  const page = await openPage(browser, `${server.url}?t=all`, async (opened) => {
    tasks = await recordTasks(opened);
  });
  await page.waitForFunction(() => performance.getEntriesByName('nm-map-shown').length > 0, undefined, { timeout: 60_000 });
  const label = `${workloads} workloads, ${edges} edges`;
  const firstMs = await page.evaluate(() => performance.getEntriesByName('nm-map-shown')[0]?.startTime ?? Number.NaN);
  record(`first map, ${label}`, 'ms', targetMs, firstMs);
  await page.locator('.banner progress').waitFor({ state: 'detached', timeout: 60_000 });
  await page.waitForFunction(() => performance.getEntriesByName('nm-map-loaded').length > 0, undefined, { timeout: 60_000 });
  record(
    `all loaded, ${label}`,
    'ms',
    targetMs,
    await page.evaluate(() => performance.getEntriesByName('nm-map-loaded')[0]?.startTime ?? Number.NaN),
  );
  await page.waitForTimeout(1_000);
  record(`longest task while data arrives, ${label}`, 'ms', 100, await longestTask(page));
  if (tasks !== undefined) record(`longest task, CPU time, ${label}`, 'ms', 100, await tasks.longestCpuMs());
  await page.close();
  await server.stop();
}

interface TaskRecorder {
  longestCpuMs(): Promise<number>;
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** CPU time of the thread, microseconds. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Follows the tasks of the page's own thread through the browser's tracing. */
async function recordTasks(page: Page): Promise<TaskRecorder> {
  const session = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  const done = Promise.withResolvers<undefined>();
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  session.on('Tracing.tracingComplete', () => done.resolve(undefined));
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['toplevel'] } });
  return {
    async longestCpuMs() {
      await session.send('Tracing.end');
      await done.promise;
      const main = events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
      const times = events.flatMap((event) =>
        event.name.endsWith('RunTask') && main.some(({ pid, tid }) => pid === event.pid && tid === event.tid)
          ? (event.tdur ?? 0) / 1_000
          : [],
      );
      if (times.length === 0) throw new Error('no task was traced');
      return Math.max(...times);
    },
  };
}

function longestTask(page: Page): Promise<number> {
  return page.evaluate(() => Math.max(0, ...(globalThis as unknown as { longTasks: number[] }).longTasks));
}

async function benchFrames(browser: Browser): Promise<void> {
  const now = Date.now();
  const server = await startFixtureServer({ folder, edges: createFixtureMap({ ...FIXTURE_SIZES.large, now }), now });
  const page = await openPage(browser, `${server.url}?t=all`);
  await page.locator('.canvas[data-arranged]').waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Open all groups' }).click();
  await page.waitForFunction(() => Number((document.querySelector('.canvas') as HTMLElement).dataset['elements']) > 6_000, undefined, {
    timeout: 120_000,
  });
  await page.waitForTimeout(2_500);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  for (const [name, move] of [
    ['panning', pan],
    ['zooming', zoom],
  ] as const) {
    // A drag that begins on a node would move the node.
    const start = await spotWithoutNode(page);
    await page.mouse.move(start.x, start.y);
    const viewBefore = await viewport(page);
    if (name === 'panning') await page.mouse.down();
    // A gesture begins by drawing the whole map once into a picture; frames are counted from then on.
    for (let step = 0; step < 5; step += 1) await move(page, step);
    await page.waitForTimeout(name === 'panning' ? 1_000 : 0);
    const before = await counters();
    const end = Date.now() + FRAMES_MS;
    for (let step = 0; Date.now() < end; step += 1) await move(page, step);
    if (name === 'panning') await page.mouse.up();
    const after = await counters();
    if ((await viewport(page)) === viewBefore) throw new Error(`${name} did not move the map`);
    record(
      `script per frame, ${name} at 2000 visible nodes`,
      'ms',
      8,
      ((after.script - before.script) * 1_000) / Math.max(1, after.frames - before.frames),
    );
    await page.waitForTimeout(500);
  }
  await page.close();
  await server.stop();

  async function counters(): Promise<{ readonly script: number; readonly frames: number }> {
    const { metrics } = await session.send('Performance.getMetrics');
    const script = metrics.find((metric) => metric.name === 'ScriptDuration')?.value ?? 0;
    const frames = await page.evaluate(() => {
      const store = globalThis as unknown as { drawnFrames?: number };
      if (store.drawnFrames === undefined) {
        store.drawnFrames = 0;
        const count = (): void => {
          store.drawnFrames = (store.drawnFrames ?? 0) + 1;
          requestAnimationFrame(count);
        };
        requestAnimationFrame(count);
      }
      return store.drawnFrames;
    });
    return { script, frames };
  }
}

interface Drawing {
  pan(): { readonly x: number; readonly y: number };
  zoom(): number;
  nodes(): { toArray(): { isParent(): boolean; renderedBoundingBox(): { x1: number; x2: number; y1: number; y2: number } }[] };
}

/** Where the map is looked at: differs after each gesture. */
function viewport(page: Page): Promise<string> {
  return page.evaluate(() => {
    const { cy } = (document.querySelector('.canvas') as unknown as { _cyreg: { cy: Drawing } })._cyreg;
    return JSON.stringify([cy.pan(), cy.zoom()]);
  });
}

async function spotWithoutNode(page: Page): Promise<{ readonly x: number; readonly y: number }> {
  const spot = await page.evaluate(() => {
    const host = document.querySelector('.canvas') as unknown as { _cyreg: { cy: Drawing }; getBoundingClientRect(): DOMRect };
    const { left, top, width, height } = host.getBoundingClientRect();
    const leaves = host._cyreg.cy
      .nodes()
      .toArray()
      .filter((node) => !node.isParent());
    const rects = leaves.map((node) => node.renderedBoundingBox());
    for (let y = 150; y < height - 150; y += 15) {
      for (let x = 150; x < width - 150; x += 15) {
        if (rects.every(({ x1, x2, y1, y2 }) => x < x1 - 5 || x > x2 + 5 || y < y1 - 5 || y > y2 + 5)) return { x: x + left, y: y + top };
      }
    }
    return undefined;
  });
  if (spot === undefined) throw new Error('nodes are everywhere');
  return spot;
}

async function pan(page: Page, step: number): Promise<void> {
  await page.mouse.move(300 + Math.round(200 * Math.sin(step / 9)), 300 + Math.round(120 * Math.cos(step / 7)));
}

async function zoom(page: Page, step: number): Promise<void> {
  await page.mouse.wheel(0, step % 40 < 20 ? -40 : 40);
}
