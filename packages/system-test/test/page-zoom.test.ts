/** Reading values from a chart and zooming it: by mouse, by keyboard and by touch. */
import { Releases } from '@zdenergy/core';
import type { BrowserContextOptions, CDPSession, Locator, Page } from 'playwright-core';
import { Gateway } from '../src/gateway.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';
import { openPage, seriousViolations } from './browser.js';
import { shows } from './page-text.js';

/** Of an hour as much as stays in sight while the tests run; a tenth of it is 6 readings and a bit. */
const readings = 50;
const everyMs = 59_000;

const releases = new Releases();
/** The temperature that was sent, by its time as the legend writes it. */
const sent = new Map<string, string>();
let sentAtMs: number;
let address: string;

beforeAll(async () => {
  const zdenergy = await Zdenergy.start(releases);
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  address = `http://127.0.0.1:${zdenergy.ports.http}/?sensor=roof`;
  sentAtMs = Date.now();
  for (let age = readings; age > 0; age -= 1) {
    const time = new Date(sentAtMs - age * everyMs).toISOString();
    gateway.send(`${JSON.stringify({ id: 'roof', time, temp: age, rh: 50.5, lux: 546.6 })}\n`);
    sent.set(`${time.slice(0, 19).replace('T', ' ')} UTC`, age.toFixed(1));
  }
  await eventually(async () => {
    const { ledger } = await zdenergy.stats();
    if (ledger.stored < readings) throw new Error(`not stored yet: ${JSON.stringify(ledger)}`);
  });
});
afterAll(() => releases.release());

let page: Page;
let problems: readonly string[];
let chart: Locator;
let plot: Locator;

async function open(options: BrowserContextOptions = {}): Promise<void> {
  ({ page, problems } = await openPage(releases, address, options));
  chart = page.locator('.chart').first();
  plot = page.getByRole('application', { name: /^Chart of temperature/ });
  await shows(page, '.legend', '1.0');
  await plot.scrollIntoViewIfNeeded();
}
afterEach(async () => {
  expect(problems).toEqual([]);
  await page.close();
});

/** A point of the temperature's plot, by its share of the width. */
async function at(share: number): Promise<{ x: number; y: number }> {
  const box = await plot.locator('.u-over').boundingBox();
  if (box === null) throw new Error('there is no chart');
  return { x: box.x + box.width * share, y: box.y + box.height / 2 };
}

/** The temperature under the cursor; fails unless it was sent with the time that stands beside it. */
async function underCursor(): Promise<number> {
  return eventually(async () => {
    const when = await chart.locator('.legend .when').innerText();
    const value = await chart.locator('.legend b').innerText();
    expect([when, value]).toEqual([when, sent.get(when)]);
    return Number(value);
  });
}

const showsUnderCursor = (value: number): Promise<void> =>
  eventually(async () => expect(await underCursor()).toBe(value));

const zoomedMinutes = (): number => {
  const [from = NaN, to = NaN] =
    /zoom=([\d.]+)-([\d.]+)/.exec(page.url())?.slice(1).map(Number) ?? [];
  return (to - from) / 60;
};

/** Which reading is at this share of the last hour's width: it tells by its value how old it was. */
const ageAt = (share: number): number =>
  ((1 - share) * 3_600_000 - (Date.now() - sentAtMs)) / everyMs;

test('the mouse reads the value under it, in all charts, and after a zoom', async () => {
  await open();
  for (const share of [0.25, 0.5, 0.75]) {
    const { x, y } = await at(share);
    await page.mouse.move(x, y);
    expect(Math.abs((await underCursor()) - ageAt(share))).toBeLessThan(2);
  }
  const [here, there] = await page.locator('.legend .when').allInnerTexts();
  expect(there).toBe(here);
  const [from, to] = [await at(0.25), await at(0.5)];
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 4 });
  await page.mouse.up();
  await shows(page, '#history-title', 'Zoomed in');
  // The mouse has not moved, but what is under it has.
  await eventually(async () => {
    expect(Math.abs((await underCursor()) - ageAt(0.375))).toBeLessThan(2);
  });
});

describe('the keyboard', () => {
  beforeEach(async () => {
    await open();
    await plot.focus();
  });

  test('reads one value after the other, and a screen reader says where it rests', async () => {
    const steps = [
      ['End', 1],
      ['ArrowLeft', 2],
      ['ArrowLeft', 3],
      ['Shift+ArrowLeft', 9],
      ['ArrowRight', 8],
      ['Home', readings],
      ['ArrowLeft', readings],
      ['Shift+ArrowRight', readings - 6],
    ] as const;
    for (const [key, value] of steps) {
      await page.keyboard.press(key);
      await showsUnderCursor(value);
    }
    await shows(page, '.chart [aria-live]', /^roof: 44\.0 °C, at /);
    const [here, ...others] = await page.locator('.legend .when').allInnerTexts();
    expect(others.slice(0, 2)).toEqual([here, here]);
    await page.keyboard.press('Tab');
    await shows(page, '.legend .when', 'last');
  });

  test('zooms around the cursor, out again, and resets', async () => {
    await page.keyboard.press('End');
    for (let n = 0; n < 3; n += 1) await page.keyboard.press('Shift+ArrowLeft');
    await showsUnderCursor(19);
    await page.keyboard.press('+');
    await shows(page, '#history-title', 'Zoomed in');
    await shows(page, '.chart [aria-live]', /^Zoomed to /);
    expect(zoomedMinutes()).toBeCloseTo(30, 1);
    await page.keyboard.press('=');
    await eventually(async () => expect(zoomedMinutes()).toBeCloseTo(15, 1));
    await showsUnderCursor(19);
    await page.keyboard.press('ArrowRight');
    await showsUnderCursor(18);
    await page.keyboard.press('-');
    await eventually(async () => expect(zoomedMinutes()).toBeCloseTo(30, 1));
    await page.keyboard.press('-');
    await shows(page, '#history-title', 'Last hour');
    await showsUnderCursor(18);
    await page.keyboard.press('+');
    await shows(page, '#history-title', 'Zoomed in');
    await page.keyboard.press('Escape');
    await shows(page, '#history-title', 'Last hour');
    await shows(page, '.legend .when', 'last');
  });

  test('leaves the full screen by Escape, and the zoom as it is', async () => {
    await page.keyboard.press('+');
    await shows(page, '#history-title', 'Zoomed in');
    await page.getByRole('button', { name: 'Temperature: full screen' }).click();
    await chart.getByRole('button', { name: 'Leave full screen' }).waitFor();
    await plot.focus();
    await page.keyboard.press('Home');
    await underCursor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Temperature: full screen' }).waitFor();
    await shows(page, '#history-title', 'Zoomed in');
    await page.keyboard.press('Escape');
    await shows(page, '#history-title', 'Last hour');
  });
});

describe('touch', () => {
  let session: CDPSession;
  beforeEach(async () => {
    await open({ hasTouch: true, viewport: { width: 360, height: 700 } });
    session = await page.context().newCDPSession(page);
  });

  const touch = async (
    type: 'touchStart' | 'touchMove' | 'touchEnd',
    ...touchPoints: { x: number; y: number }[]
  ): Promise<void> => {
    await session.send('Input.dispatchTouchEvent', { type, touchPoints });
  };
  async function drag(from: { x: number; y: number }, to: { x: number; y: number }): Promise<void> {
    await touch('touchStart', from);
    for (let n = 1; n <= 8; n += 1) {
      const part = (start: number, end: number): number => start + ((end - start) * n) / 8;
      await touch('touchMove', { x: part(from.x, to.x), y: part(from.y, to.y) });
    }
    await touch('touchEnd');
  }
  async function tap(share: number, times = 1): Promise<void> {
    const place = await at(share);
    // Without waiting for an answer to each, or two taps might be too far apart.
    const taps = Array.from({ length: times }, () => [
      touch('touchStart', place),
      touch('touchEnd'),
    ]);
    await Promise.all(taps.flat());
  }

  test('reads by a tap, zooms by a drag, resets by two taps', async () => {
    await tap(0.5);
    expect(Math.abs((await underCursor()) - ageAt(0.5))).toBeLessThan(2);
    await drag(await at(0.75), await at(0.5));
    await shows(page, '#history-title', 'Zoomed in');
    expect(zoomedMinutes()).toBeGreaterThan(14);
    expect(zoomedMinutes()).toBeLessThan(16);
    await shows(page, '.legend .when', 'last');
    await tap(0.5);
    expect(Math.abs((await underCursor()) - ageAt(0.625))).toBeLessThan(2);
    // Else it would be the first of the two.
    await page.waitForTimeout(500);
    await tap(0.4, 2);
    await shows(page, '#history-title', 'Last hour');
    await shows(page, '.legend .when', 'last');
  });

  test('scrolls the page when the finger goes up', async () => {
    const scrolled = (): Promise<number> => page.evaluate<number>('window.scrollY');
    const before = await scrolled();
    const { x, y } = await at(0.5);
    await drag({ x, y }, { x: x + 5, y: y - 150 });
    await eventually(async () => expect(await scrolled()).toBeGreaterThan(before + 50));
    await shows(page, '#history-title', 'Last hour');
    await shows(page, '.legend .when', 'last');
  });
});

test('axe finds nothing serious in a chart that is read by keyboard', async () => {
  // What axe needs to be put into the page.
  await open({ bypassCSP: true });
  await plot.focus();
  await page.keyboard.press('End');
  await page.keyboard.press('Shift+ArrowLeft');
  await shows(page, '.chart [aria-live]', '°C');
  expect(await seriousViolations(page)).toEqual([]);
});
