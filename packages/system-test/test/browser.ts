/**
 * A real browser for tests of the page: Chromium as the system has it.
 *
 * What always holds: it is closed with the test; an error that a page reports fails whoever asks for
 * its `problems`; it reaches this machine only.
 */
import { existsSync } from 'node:fs';
import type { Releases } from '@zdenergy/core';
import axe from 'axe-core';
import { chromium, type BrowserContextOptions, type Page } from 'playwright-core';

const executables = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** Root cannot use the sandbox; the others keep the browser from calling anybody by itself. */
const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];

export interface BrowserPage {
  readonly page: Page;
  /** What the page has thrown so far. */
  readonly problems: readonly string[];
  /** Requests to any other origin. */
  readonly foreignRequests: readonly string[];
}

/** @throws when there is no Chromium on this machine, saying how to get it. */
export async function openPage(
  releases: Releases,
  url: string,
  options: BrowserContextOptions = {},
): Promise<BrowserPage> {
  const executablePath = executables.find((path) => existsSync(path));
  if (executablePath === undefined) throw new Error('No Chromium: apt install chromium');
  const browser = await chromium.launch({ executablePath, args: browserArguments });
  releases.push(() => browser.close());
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const problems: string[] = [];
  const foreignRequests: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) foreignRequests.push(request.url());
  });
  await page.goto(url);
  return { page, problems, foreignRequests };
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

/** What axe finds wrong and serious for people who cannot see, or use no mouse. */
export async function seriousViolations(page: Page): Promise<string[]> {
  await page.addScriptTag({ content: axe.source });
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}
