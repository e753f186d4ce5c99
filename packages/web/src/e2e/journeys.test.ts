import { mkdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { ADDRESSES, attempt, startTestMapper } from '@nm/mapper/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { UiEdge } from '../graph/ui-edge.ts';
import { toMapFile } from '../graph/export/map-file.ts';
import { createMapModel } from '../graph/model.ts';
import { buildPage, launchBrowser } from '../testing/browser.ts';
import { createFixtureMap, FIXTURE_SIZES } from '../testing/fixture-map.ts';
import { startFixtureServer } from '../testing/fixture-server.ts';
import type { FixtureServerOptions } from '../testing/fixture-server.ts';

/**
 * The journeys of the page's users, in a real Chromium against the page as it ships, under the mapper's content
 * security policy. Any violation of it, console error or uncaught error fails the journey.
 * NM_SHOTS=folder keeps a picture of each.
 */
const SHOTS = process.env['NM_SHOTS'];
let folder = '';
let browser: Browser;
const cleanups: (() => Promise<void>)[] = [];
const problems: string[] = [];

beforeAll(async () => {
  if (SHOTS !== undefined) mkdirSync(SHOTS, { recursive: true });
  [folder, browser] = await Promise.all([buildPage(), launchBrowser()]);
}, 90_000);

afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
  // An error thrown here fails the journey that has just run.
  const found = problems.splice(0);
  if (found.length > 0) throw new Error(`console errors, uncaught errors or policy violations:\n${found.join('\n')}`);
});

type Size = keyof typeof FIXTURE_SIZES;

async function serve(size: Size | readonly UiEdge[], more: Partial<FixtureServerOptions> = {}) {
  const now = Date.now();
  const edges = typeof size === 'string' ? createFixtureMap({ ...FIXTURE_SIZES[size], now }) : size;
  const server = await startFixtureServer({ folder, edges, now, ...more });
  cleanups.push(() => server.stop());
  return { ...server, edges, now };
}

async function open(url: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    acceptDownloads: true,
    reducedMotion: 'reduce',
    ...options,
  });
  cleanups.unshift(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on('console', (message) => {
    // A refused connection is what the journey without a mapper is about.
    if (['error', 'warning'].includes(message.type()) && !/Failed to load resource|net::ERR/.test(message.text()))
      problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(error.stack ?? error.message));
  await page.goto(url);
  return page;
}

async function mapShown(page: Page): Promise<void> {
  await page.locator('.canvas[data-arranged]').waitFor();
}

async function shoot(page: Page, name: string): Promise<void> {
  if (SHOTS !== undefined) await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)).toEqual([]);
}

/** A call whose every text is an attacker's: markup, text turned around, and more than fits anywhere. */
function hostileEdge(at: number): UiEdge {
  const evil = `evil\u202E<img src=x onerror=alert(1)>${'x'.repeat(3_000)}`;
  const evidence = { count: 1, firstSeen: new Date(at).toISOString(), lastSeen: new Date(at).toISOString() };
  return {
    id: 'evil',
    client: { type: 'workload', cluster: 'main', namespace: 'shop', name: evil, kind: evil, labels: { [evil]: evil } },
    server: { type: 'internet', domain: evil, scope: 'public', addresses: [evil] },
    class: 'app',
    shared: false,
    evidence: { kafka: evidence, http: evidence },
    ports: [],
    kafka: [{ topic: evil, operation: evil, allowed: false }],
    http: [{ path: evil, methods: ['GET'] }],
    names: [evil],
  };
}

/** Places and ids on the canvas, asked of the drawing library itself. */
async function drawn(
  page: Page,
): Promise<{ readonly id: string; readonly isNode: boolean; readonly label: string; readonly x: number; readonly y: number }[]> {
  return page.evaluate(() => {
    type Element = {
      id(): string;
      isNode(): boolean;
      data(name: string): string;
      renderedPosition(): { x: number; y: number };
      renderedMidpoint(): { x: number; y: number };
    };
    const host = document.querySelector('.canvas') as unknown as {
      _cyreg: { cy: { elements(): { map<T>(to: (element: Element) => T): T[] } } };
      getBoundingClientRect(): DOMRect;
    };
    const box = host.getBoundingClientRect();
    return host._cyreg.cy.elements().map((element) => {
      const at = element.isNode() ? element.renderedPosition() : element.renderedMidpoint();
      return { id: element.id(), isNode: element.isNode(), label: element.data('label') ?? '', x: at.x + box.left, y: at.y + box.top };
    });
  });
}

async function saved(page: Page, format: string): Promise<string> {
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: format }).click()]);
  return readFile(await download.path(), 'utf8');
}

/** Generous, because a busy machine draws a 4K canvas without a GPU in seconds. */
const JOURNEY_MS = 60_000;

/** What comes by itself may take a while on a busy machine. */
const SOON = { timeout: 15_000 };

describe('journeys', { timeout: JOURNEY_MS }, () => {
  test('1 the first map: namespaces, live, accessible in light and dark', async () => {
    const { url } = await serve('small');
    const page = await open(url);
    await mapShown(page);
    const labels = (await drawn(page)).map(({ label }) => label);
    expect(labels).toEqual(expect.arrayContaining(['shop', 'kafka', 'Internet', 'api.stripe.example']));
    expect(labels).not.toContain('metrics-server');
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Legend' }).click();
    await shoot(page, '01-first-map');
    await page.getByRole('button', { name: 'Dark colours' }).click();
    await expectAccessible(page);
    await shoot(page, '01-first-map-dark');
  });

  test('2 find a workload and look around it', async () => {
    const { url } = await serve('small');
    const page = await open(url);
    await mapShown(page);
    await page.keyboard.press('ControlOrMeta+k');
    await page.getByRole('combobox').fill('kaf');
    await expectAccessible(page);
    await shoot(page, '02-search');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'kafka' }).waitFor();
    await page.getByRole('group', { name: 'Focus' }).getByRole('button', { name: 'Callers' }).click();
    await page.getByRole('button', { name: '2 hops' }).click();
    expect(new URL(page.url()).searchParams.get('hops')).toBe('2up');
    await page.locator('.canvas[data-arranged*="kafka"]').waitFor();
    await shoot(page, '02-focus');
    await expectAccessible(page);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    expect(new URL(page.url()).search).toBe('');
  });

  test('3 filters live in the address and come back with it', async () => {
    const { url } = await serve('small');
    const page = await open(url);
    await mapShown(page);
    await page.getByRole('button', { name: 'Filters' }).first().click();
    await page.getByRole('checkbox', { name: /^search/ }).check();
    await page.getByRole('switch', { name: 'Hide the internet' }).check();
    await page.getByRole('button', { name: 'Leave out identity' }).click();
    await expectAccessible(page);
    await shoot(page, '03-filters');
    const params = new URL(page.url()).searchParams;
    expect([params.get('ns'), params.get('nointernet'), params.get('-ns')]).toEqual(['search', '1', 'identity']);
    const before = (await drawn(page)).map(({ id }) => id).toSorted();
    const again = await open(page.url());
    await mapShown(again);
    expect((await drawn(again)).map(({ id }) => id).toSorted()).toEqual(before);
    await page.goBack();
    await page.goBack();
    await page.goBack();
    expect(new URL(page.url()).search).toBe('');
  });

  test('4 from a click on the graph to evidence, topics and protection', async () => {
    const { url } = await serve('small');
    const page = await open(url);
    await mapShown(page);
    const node = (await drawn(page)).find(({ label }) => label === 'kafka' || label === 'api');
    if (node === undefined) throw new Error('nothing to click');
    await page.mouse.click(node.x, node.y);
    await page.locator('.panel h2').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.getByRole('combobox').fill('kafka');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /^api shop .*denied/ }).click();
    await page.getByRole('heading', { name: 'Known by' }).waitFor();
    await page.getByText('consume payments').waitFor();
    await shoot(page, '04-edge');
    await expectAccessible(page);
    await page.getByRole('button', { name: 'api', exact: true }).click();
    await page.getByText('ClientIntents').click();
    await page.getByText('kind: ClientIntents').waitFor();
    await page.getByRole('button', { name: /^worker shop .*denied/ }).click();
    await page.getByText('Network policies would deny it').waitFor();
    expect(await page.locator('.panel').textContent()).toContain('Undeclared: would be blocked once enforced');
    await shoot(page, '04-protection');
    await expectAccessible(page);
  });

  test('5 the table: sort, columns, CSV', async () => {
    const { url } = await serve('small');
    const page = await open(`${url}?view=table`);
    const table = page.getByRole('table');
    await table.waitFor();
    await table.getByRole('button', { name: 'Count' }).click();
    const counts = (await table.locator('tbody td.is-number').allTextContents()).map((text) => Number(text.replaceAll(',', '')));
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByRole('checkbox', { name: 'Protection' }).check();
    await page.keyboard.press('Escape');
    await shoot(page, '05-table');
    await expectAccessible(page);
    const csv = await saved(page, 'Table (CSV)');
    expect(csv.split('\r\n')[0]).toBe('Client,Client namespace,Server,Server namespace,Ports,Known by,Count,Last seen,Protection');
    expect(csv.trim().split('\r\n')).toHaveLength(counts.length + 1);
    await table
      .getByRole('button', { name: /^Open .* to kafka/ })
      .first()
      .click();
    await page.getByRole('heading', { name: 'Known by' }).waitFor();
  });

  test('6 time: a preset, then a part of it dragged on the time bar', async () => {
    const { url } = await serve('small');
    const page = await open(url);
    await mapShown(page);
    await page.getByRole('button', { name: 'Last 24 hours' }).click();
    await shoot(page, '06-time');
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Last 6 hours' }).click();
    expect(new URL(page.url()).searchParams.get('t')).toBe('6h');
    await mapShown(page);
    const bar = await page.locator('.timebar-chart').boundingBox();
    if (bar === null) throw new Error('no time bar');
    await page.mouse.move(bar.x + bar.width * 0.25, bar.y + 10);
    await page.mouse.down();
    await page.mouse.move(bar.x + bar.width * 0.5, bar.y + 10, { steps: 4 });
    await page.mouse.up();
    const [since, until] = (new URL(page.url()).searchParams.get('t') ?? '').split('~').map((text) => Date.parse(text));
    expect(((until ?? 0) - (since ?? 0)) / 3_600_000).toBeCloseTo(1.5, 0);
  });

  test('7 two windows compared', async () => {
    const { url } = await serve('small');
    const page = await open(url);
    await mapShown(page);
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.getByRole('button', { name: 'The window just before' }).click();
    await page.locator('.compare-bar').waitFor();
    expect(await page.locator('.compare-bar').textContent()).toMatch(/\+ [1-9]\d* added− \d+ gone= \d+ same/);
    await shoot(page, '07-compare');
    await expectAccessible(page);
    await page.keyboard.press('t');
    await page.getByText('+ added').first().waitFor();
  });

  test('8 new calls arrive live and move nothing; the mapper goes and comes back', async () => {
    const server = await serve('small');
    const { edges, now } = server;
    const page = await open(server.url);
    await mapShown(page);
    const before = await drawn(page);
    const [first] = edges;
    if (first === undefined) throw new Error('empty fixture');
    const at = { firstSeen: new Date(now).toISOString(), lastSeen: new Date(now).toISOString() };
    server.push([
      {
        ...first,
        id: 'new',
        server: { type: 'workload', cluster: 'main', namespace: 'shop', name: 'newcomer', kind: 'Deployment' },
        evidence: { tcp: { count: 1, ...at } },
        ports: [],
      },
    ]);
    await expect.poll(async () => (await drawn(page)).some(({ label }) => label === 'newcomer'), SOON).toBe(true);
    const after = new Map((await drawn(page)).map((item) => [item.id, item]));
    const leaves = before.filter(({ isNode, id }) => isNode && !/^[ceno]:/.test(id));
    expect(leaves.length).toBeGreaterThan(10);
    for (const { id, x, y } of leaves)
      expect([id, Math.round(after.get(id)?.x ?? 0), Math.round(after.get(id)?.y ?? 0)]).toEqual([id, Math.round(x), Math.round(y)]);
    server.setAway(true);
    await page.getByText('The mapper is away').waitFor();
    await shoot(page, '08-away');
    server.setAway(false);
    await page.getByText('The mapper is away').waitFor({ state: 'detached' });
  });

  test('9 a map file, dropped or offered, without any mapper', async () => {
    const model = createMapModel();
    model.upsert(createFixtureMap({ ...FIXTURE_SIZES.small, now: Date.now() - 30 * 86_400_000 }));
    model.upsert([hostileEdge(Date.now() - 30 * 86_400_000)]);
    const text = JSON.stringify(toMapFile([...model.links.values()], {}, new Date().toISOString()));
    const server = await serve([], { files: { '/offered.json': text } });
    server.setAway(true);
    const page = await open(server.url);
    await page.getByRole('heading', { name: 'The map could not be loaded' }).waitFor();
    await shoot(page, '09-failed');
    await expectAccessible(page);
    const drop = (content: string) =>
      page.evaluate((data) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([data], 'shop.json', { type: 'application/json' }));
        window.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }));
      }, content);
    await drop('{"schema": 7}');
    await page.getByText(/shop\.json is not a map file/).waitFor();
    await drop(text);
    await mapShown(page);
    expect((await drawn(page)).map(({ label }) => label)).toContain('api.stripe.example');
    await page.keyboard.press('/');
    await page.getByRole('combobox').fill('evil');
    await page.keyboard.press('Enter');
    await page.locator('.panel h2').waitFor();
    await page.locator('.panel .row-button').first().click();
    await page.getByRole('heading', { name: 'Known by' }).waitFor();
    expect(await page.locator('.panel img, .panel a, .panel script').count()).toBe(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1_440);
    await shoot(page, '09-file');
    const offered = await open(`${server.url}?map=offered.json`);
    await mapShown(offered);
    await expect.poll(() => offered.title(), SOON).toContain('offered.json');
  });

  test('10 a large map starts with groups and opens by keyboard', async () => {
    const { url } = await serve('medium');
    const page = await open(url);
    await mapShown(page);
    expect((await drawn(page)).filter(({ isNode }) => isNode).length).toBeLessThan(200);
    await shoot(page, '10-overview');
    await page.locator('.canvas').focus();
    await page.keyboard.press('n');
    await page.getByRole('button', { name: 'Open the group' }).waitFor();
    const before = await drawn(page);
    await page.locator('.canvas').focus();
    await page.keyboard.press('Enter');
    await expect
      .poll(async () => (await drawn(page)).filter(({ isNode }) => isNode).length, SOON)
      .toBeGreaterThan(before.filter(({ isNode }) => isNode).length + 10);
    await page.keyboard.press('0');
    await shoot(page, '10-opened');
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Close the group' }).click();
    await expect.poll(async () => (await drawn(page)).length, SOON).toBe(before.length);
  });

  test('15 a very large map shows every namespace at once and opens one before the rest is there', async () => {
    const held = Promise.withResolvers<undefined>();
    const edges = createFixtureMap({ workloads: 2_500, edges: 12_500, now: Date.now() });
    const { url } = await serve(edges, { holdPages: held.promise });
    const page = await open(`${url}?t=all`);
    await mapShown(page);
    const groups = (await drawn(page)).filter(({ isNode }) => isNode);
    expect(groups.length).toBeGreaterThan(100);
    expect(groups.map(({ label }) => label)).toContain('payments\n25 workloads');
    await page.getByRole('progressbar', { name: 'Loading' }).waitFor();
    await page.locator('.canvas').focus();
    await page.keyboard.press('n');
    await page.getByRole('button', { name: 'Open the group' }).click();
    await expect.poll(async () => (await drawn(page)).filter(({ isNode }) => isNode).length, SOON).toBeGreaterThan(groups.length + 15);
    expect((await drawn(page)).some(({ label }) => label.endsWith('not loaded yet'))).toBe(false);
    await shoot(page, '15-opened-early');
    held.resolve(undefined);
    await page.getByRole('progressbar', { name: 'Loading' }).waitFor({ state: 'detached' });
  });

  test('11 exports of what is shown', async () => {
    const { url } = await serve('small');
    const page = await open(`${url}?ns=shop`);
    await mapShown(page);
    expect(await saved(page, 'Drawing (SVG)')).toMatch(/^<svg [\s\S]*api\.stripe\.example[\s\S]*<\/svg>/);
    expect(await saved(page, 'Graphviz (DOT)')).toMatch(/^digraph map \{[\s\S]*subgraph "cluster_n:main\/shop"/);
    expect(await saved(page, 'Mermaid')).toMatch(/^flowchart LR/);
    expect(await saved(page, 'ClientIntents (YAML)')).toContain('apiVersion: k8s.otterize.com/v2beta1');
    expect(JSON.parse(await saved(page, 'Map file (JSON)'))).toMatchObject({ schema: 'network-mapper/map/v1' });
    expect((await saved(page, 'Picture (PNG)')).slice(1, 4)).toBe('PNG');
  });

  test.each([
    ['phone', 375, 700],
    ['4K', 3840, 2160],
  ])('12 %s: usable and accessible', async (name, width, height) => {
    const { url } = await serve('small');
    const page = await open(url, { viewport: { width, height } });
    await mapShown(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await shoot(page, `12-${name}`);
    await page.keyboard.press('/');
    await page.getByRole('combobox').fill('frontend');
    await page.keyboard.press('Enter');
    await page.locator('.panel h2').waitFor();
    await shoot(page, `12-${name}-panel`);
    // Rules about sizes are the phone's; the large screen shows what the other journeys have checked.
    if (width < 1_000) await expectAccessible(page);
    await page.getByRole('button', { name: 'Close details' }).click();
    await page.getByRole('button', { name: /Filters/ }).click();
    await page.getByRole('heading', { name: 'Filters' }).waitFor();
  });

  test("14 a real mapper: from a sniffer's report to the panel, live", async () => {
    const mapper = await startTestMapper({ change: { web: folder } });
    cleanups.push(() => mapper.stop());
    const page = await open(`${mapper.url}/?t=all`);
    await page.getByRole('heading', { name: 'No sniffer has reported yet' }).waitFor();
    await mapper.report([
      attempt(ADDRESSES.frontend, ADDRESSES.cart, { count: 3 }),
      attempt(ADDRESSES.frontend, '203.0.113.7', { port: 443 }),
    ]);
    await mapShown(page);
    await expect
      .poll(async () => (await drawn(page)).map(({ label }) => label), SOON)
      .toEqual(expect.arrayContaining(['frontend', 'cart', 'shop']));
    await mapper.report([attempt(ADDRESSES.cart, ADDRESSES.kafka, { port: 9092 })]);
    await expect.poll(async () => (await drawn(page)).map(({ label }) => label), SOON).toContain('kafka');
    await page.keyboard.press('/');
    await page.getByRole('combobox').fill('cart');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'cart' }).waitFor();
    await page.getByRole('button', { name: /^frontend shop/ }).click();
    await page.getByRole('heading', { name: 'Known by' }).waitFor();
    expect(await page.locator('.panel').textContent()).toContain('8080');
    await shoot(page, '14-real-mapper');
    await expectAccessible(page);
  });

  test.each([
    ['no sniffer', { reporters: [] }, 'No sniffer has reported yet'],
    ['starting', { ready: false }, 'The mapper is starting'],
    ['listening', {}, 'Listening'],
  ])('13 nothing to show, and why: %s', async (name, status, title) => {
    const { url } = await serve([], { status });
    const page = await open(url);
    await page.getByRole('heading', { name: title }).waitFor();
    expect(await page.getByRole('button', { name: 'Open a map file' }).isVisible()).toBe(true);
    await expectAccessible(page);
    await shoot(page, `13-${name.replace(' ', '-')}`);
  });
});
