/** The page in a real browser, on a zdenergy that runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import type { Page } from 'playwright-core';
import { inWords, quantile } from '../src/figures.js';
import { Gateway } from '../src/gateway.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';
import { openPage, seriousViolations } from './browser.js';
import { shows } from './page-text.js';

const releases = new Releases();
let zdenergy: Zdenergy;
let gateway: Gateway;

const origin = (): string => `http://127.0.0.1:${zdenergy.ports.http}`;

function send(id: string, temp: number, ageMs = 0): void {
  const time = new Date(Date.now() - ageMs).toISOString();
  gateway.send(`${JSON.stringify({ id, time, temp, rh: 50.5, lux: 546.6 })}\n`);
}

async function overflow(page: Page): Promise<number> {
  return page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
}

beforeAll(async () => {
  zdenergy = await Zdenergy.start(releases);
  gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
});
afterAll(() => releases.release());

test('says how to send a reading until one comes, and shows it at once', async () => {
  const { page, problems, foreignRequests } = await openPage(releases, `${origin()}/`);
  await shows(page, 'h1', 'No reading has come yet');
  await shows(page, '.condition', 'OK');
  const transferred = await page.evaluate<number>(
    `['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type))
       .reduce((sum, { transferSize }) => sum + transferSize, 0)`,
  );
  expect(transferred).toBeGreaterThan(20_000);
  expect(transferred).toBeLessThan(150_000);
  send('first', 21.5);
  await shows(page, '.tile .value', '21.5');
  await shows(page, '.about-sensor', 'first');
  expect(problems).toEqual([]);
  expect(foreignRequests).toEqual([]);
});

describe('with readings of an hour', () => {
  beforeAll(async () => {
    for (let minute = 60; minute > 0; minute -= 1) {
      send('roof', minute, minute * 60_000);
      if (minute < 20 || minute > 30) send('cellar', 10, minute * 60_000);
    }
    await eventually(async () => {
      const { ledger } = await zdenergy.stats();
      if (ledger.stored < 109) throw new Error(`not stored yet: ${JSON.stringify(ledger)}`);
    });
    // The table of sensors follows every 10 s.
    await eventually(async () => {
      const { body } = await zdenergy.ask('/api/sensors?search=cellar');
      if (!body.includes('"cellar"')) throw new Error(body);
    }, 30_000);
  });

  test('moves when a reading comes, in values, charts and summary', async () => {
    const { page, problems } = await openPage(releases, `${origin()}/?sensor=roof`);
    await shows(page, '.legend', '1.0');
    send('roof', 77.7);
    await shows(page, '.tile .value', '77.7');
    await shows(page, '.legend', '77.7');
    await shows(page, '.summary tbody', /77\.7\s+1\.0\s+77\.7/);
    expect(problems).toEqual([]);
  });

  test('shows what came after the history was asked for, and before the stream began', async () => {
    const { page, problems } = await openPage(releases, `${origin()}/`);
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    await page.route('**/api/stream?*', async (route) => {
      await begun;
      await route.continue();
    });
    await page.goto(`${origin()}/?sensor=cellar`);
    await shows(page, '.legend', '10.0');
    const { ledger } = await zdenergy.stats();
    send('cellar', 33.3);
    await eventually(async () => {
      expect((await zdenergy.stats()).ledger.stored).toBe(ledger.stored + 1);
    });
    begin();
    await shows(page, '.legend', '33.3');
    expect(problems).toEqual([]);
  });

  test('fetches what came late, where only the database knows the bucket that it is in', async () => {
    const { ledger } = await zdenergy.stats();
    const count = 2_400;
    for (let n = count; n > 0; n -= 1) send('often', 10, n * 1_000);
    await eventually(async () => {
      expect((await zdenergy.stats()).ledger.stored).toBe(ledger.stored + count);
    });
    const { page, problems } = await openPage(releases, `${origin()}/?sensor=often`);
    await shows(page, '.summary tbody', /10\.0\s+10\.0\s+10\.0/);
    // Whatever the page has loaded is a while ago then.
    await sleep(3_000);
    send('often', 66.6, 1_200_500);
    await shows(page, '.summary tbody', /10\.0\s+10\.0\s+66\.6/);
    expect(problems).toEqual([]);
  });

  test('draws a reading within a second of its sending', async () => {
    const { page, problems } = await openPage(releases, `${origin()}/?sensor=roof&window=5min`);
    await shows(page, '.current .age', /ago|now/);
    // Two frames on, what was drawn in the first is on the screen.
    await page.evaluate(`
      window.drawnAt = {};
      new MutationObserver(() => {
        const shown = document.querySelector('.legend b').textContent;
        requestAnimationFrame(() => requestAnimationFrame(() => (drawnAt[shown] ??= Date.now())));
      }).observe(document.querySelector('.legend'), { subtree: true, childList: true, characterData: true });
    `);
    const delaysMs: number[] = [];
    for (let n = 0; n < 40; n += 1) {
      const shown = (200 + n).toFixed(1);
      const sentAt = Date.now();
      send('roof', 200 + n);
      const drawnAt = await eventually(async () => {
        const at = await page.evaluate<number | null>(`drawnAt['${shown}'] ?? null`);
        if (at === null) throw new Error(`${shown} is not drawn`);
        return at;
      });
      delaysMs.push(drawnAt - sentAt);
      // At any moment of whatever happens at intervals.
      await sleep(n * 7);
    }
    const [half, most] = [0.5, 0.95].map((share) => quantile(delaysMs, share));
    process.stderr.write(
      `figure: a reading is drawn after ${inWords(half)} (median), ${inWords(most)} (p95)\n`,
    );
    expect(most).toBeLessThan(1_000);
    expect(problems).toEqual([]);
  });

  test('shows values within a second of being opened', async () => {
    const { page } = await openPage(releases, `${origin()}/?sensor=roof`);
    // Since the navigation began.
    await page.addInitScript(`
      const observer = new MutationObserver(() => {
        if (!/\\d/.test(document.querySelector('.tile .value')?.textContent ?? '')) return;
        observer.disconnect();
        window.shownAfterMs = performance.now();
      });
      observer.observe(document, { subtree: true, childList: true, characterData: true });
    `);
    const tookMs: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      await page.goto(`${origin()}/?sensor=roof`);
      tookMs.push(
        await eventually(async () => {
          const afterMs = await page.evaluate<number | null>('window.shownAfterMs ?? null');
          if (afterMs === null) throw new Error('no value is shown');
          return afterMs;
        }),
      );
    }
    process.stderr.write(`figure: the page shows values after ${inWords(quantile(tookMs, 0.5))}\n`);
    expect(quantile(tookMs, 0.5)).toBeLessThan(1_000);
  });

  test('turns red, and says why, while the TCP worker is dead, and green again', async () => {
    const { page, problems } = await openPage(releases, `${origin()}/?sensor=roof`);
    await shows(page, '.condition', 'OK');
    await page.evaluate(`
      window.conditions = [];
      new MutationObserver(() => {
        const { className, innerText } = document.querySelector('.condition');
        conditions.push(className + ': ' + innerText + ' (' + document.title + ')');
      }).observe(document.querySelector('.top'), {
        subtree: true, childList: true, characterData: true, attributes: true,
      });
    `);
    process.kill(await zdenergy.pidOf('ingest-1'), 'SIGKILL');
    const conditions = (): Promise<string[]> => page.evaluate<string[]>('conditions');
    await eventually(async () => {
      expect(await conditions()).toContainEqual(
        expect.stringMatching(/^condition error: Error[^]*ingest-1[^]*\(Error · zdenergy\)$/),
      );
    });
    await eventually(async () => {
      expect((await conditions()).at(-1)).toMatch(/^condition ok: OK[^]*\(OK · zdenergy\)$/);
    });
    gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
    expect(problems).toEqual([]);
  });

  test('chooses sensors by keyboard, and keeps the view in its address', async () => {
    const { page, problems } = await openPage(releases, `${origin()}/?sensor=roof`);
    const search = page.getByRole('combobox', { name: 'Sensors' });
    await search.pressSequentially('CELL');
    await page.getByRole('option', { name: 'cellar' }).waitFor();
    await search.press('Enter');
    await search.press('Escape');
    await page.waitForURL(/\?sensor=roof&sensor=cellar$/);
    await shows(page, '.current tbody', /roof[^]*cellar/);
    await page.getByLabel('15 min', { exact: true }).check();
    await page.waitForURL(/window=15min/);
    await page.goBack();
    await shows(page, '#history-title', 'Last hour');
    await page.goForward();
    await shows(page, '#history-title', 'Last 15 minutes');
    await page.reload();
    await shows(page, '#history-title', 'Last 15 minutes');
    await shows(page, '.legend', 'cellar');
    expect(problems).toEqual([]);
  });

  test('zooms in by dragging, and out again', async () => {
    const { page, problems } = await openPage(releases, `${origin()}/?sensor=roof`);
    const plot = page.locator('.u-over').first();
    const box = await plot.boundingBox();
    if (box === null) throw new Error('there is no chart');
    await page.mouse.move(box.x + box.width * 0.25, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 20, { steps: 4 });
    await page.mouse.up();
    await shows(page, '#history-title', 'Zoomed in');
    const [from, to] = /zoom=([\d.]+)-([\d.]+)/.exec(page.url())?.slice(1).map(Number) ?? [];
    expect(to - from).toBeGreaterThan(14 * 60);
    expect(to - from).toBeLessThan(16 * 60);
    await plot.dblclick();
    await shows(page, '#history-title', 'Last hour');
    expect(problems).toEqual([]);
  });

  test('shows the ledger and the gateways, and the workers', async () => {
    const { page, problems } = await openPage(releases, `${origin()}/?tab=system`);
    await shows(page, 'main', 'It balances');
    await shows(page, 'main', /ingest-1\s+Running/);
    await shows(page, 'main', '127.0.0.1');
    await shows(page, 'main', /Address\s+Open\s+Opened\s+Last seen/);
    await shows(page, '.hours', /opened and\s+closed per hour \(UTC\)/);
    await shows(page, '.hours', /[1-9]\d* connections opened and \d+ closed in the last 24 hours/);
    await shows(page, 'main', 'cellar');
    expect(problems).toEqual([]);
  });

  test('downloads CSV, after an estimate, and tells when it is done', async () => {
    const { page, problems } = await openPage(releases, `${origin()}/?sensor=cellar`);
    await page.getByRole('button', { name: 'Download CSV' }).click();
    await page.getByLabel('Everything').check();
    await shows(page, '.estimate', 'sensor_data_all.csv');
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).click();
    expect((await download).suggestedFilename()).toBe('sensor_data_all.csv');
    await shows(page, '.progress', /Done: \d+ rows/);
    expect(problems).toEqual([]);
  });

  test('says that it reconnects while the server is away, and fills the gap', async () => {
    const { page } = await openPage(releases, `${origin()}/?sensor=cellar`);
    await shows(page, '.condition', 'OK');
    process.kill(await zdenergy.pidOf('api'), 'SIGKILL');
    await shows(page, '.condition', 'Reconnecting');
    send('cellar', 88.8);
    await shows(page, '.condition', 'OK');
    await shows(page, '.legend', '88.8');
  });

  test.each([
    [360, 'light'],
    [768, 'dark'],
    [1440, 'light'],
    [1920, 'dark'],
  ] as const)(
    'fits a window of %i px in %s, and axe finds nothing serious',
    async (width, scheme) => {
      const { page, problems } = await openPage(
        releases,
        `${origin()}/?sensor=roof&sensor=cellar`,
        // What axe needs to be put into the page.
        { viewport: { width, height: 900 }, colorScheme: scheme, bypassCSP: true },
      );
      await shows(page, '.current tbody', 'cellar');
      expect(await overflow(page)).toBe(0);
      expect(await seriousViolations(page)).toEqual([]);
      await page.goto(`${origin()}/?tab=system`);
      await shows(page, 'main', 'It balances');
      expect(await overflow(page)).toBe(0);
      expect(await seriousViolations(page)).toEqual([]);
      expect(problems).toEqual([]);
    },
  );
});

test('leads to the login when a password is set, and back', async () => {
  const guarded = await Zdenergy.start(releases, { ADMIN_PASSWORD: 'a long password' });
  const address = `http://127.0.0.1:${guarded.ports.http}`;
  const { page } = await openPage(releases, `${address}/?window=5min`);
  await page.getByLabel('Password').fill('a long password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL(`${address}/?window=5min`);
  await shows(page, 'h1', 'No reading has come yet');
  // A session that ends while the page is open.
  await page.context().clearCookies();
  // The page asks for the number of sensors now and then.
  await page.waitForURL(/\/login\?next=%2F%3Fwindow%3D5min$/, { timeout: 40_000 });
  await page.getByLabel('Password').fill('a long password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.waitForURL(/\/login$/);
});
