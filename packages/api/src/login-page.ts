/**
 * The login page: one plain form that needs nothing from elsewhere.
 *
 * What always holds: every text that is not ours is escaped.
 */
import { escapeHtml } from './html.js';
import { plainPage } from './plain-page.js';

/**
 * @param next the local path to go to after the login.
 * @param problem why the last try did not succeed, in plain words.
 */
export function loginPage(next: string, problem?: string): string {
  const notice =
    problem === undefined ? '' : `<p class="problem" role="alert">${escapeHtml(problem)}</p>`;
  const form = `${notice}
<form method="post" action="/login">
<input type="hidden" name="next" value="${escapeHtml(next)}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>
<button>Log in</button>
</form>`;
  return plainPage('log in', form, 'narrow');
}
