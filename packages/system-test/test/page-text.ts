/** What a page says, awaited. */
import type { Page } from 'playwright-core';
import { eventually } from '../src/wait.js';

/** Resolves once the first that the selector finds is as wanted. @throws with what it says instead. */
export async function shows(page: Page, selector: string, wanted: string | RegExp): Promise<void> {
  await eventually(async () => {
    const text = await page.locator(selector).first().innerText();
    if (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)) return;
    throw new Error(`${selector} does not show ${String(wanted)}, but ${text}`);
  });
}
