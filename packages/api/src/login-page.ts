/**
 * The login page: one plain form that needs nothing from elsewhere.
 *
 * What always holds: every text that is not ours is escaped; its only style sheet is the one whose
 * hash the Content-Security-Policy allows.
 */
import { escapeHtml, styleSource } from './html.js';

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 20rem; margin: 15vh auto; padding: 0 1rem;
  color: #222; background: #fff; }
label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit; }
input, button { margin: .5rem 0 1rem; padding: .5rem; border: 1px solid #767676; border-radius: 4px; }
button { border-color: #0b5cad; background: #0b5cad; color: #fff; cursor: pointer; }
.problem { color: #b00020; }
@media (prefers-color-scheme: dark) {
  body, input { color: #eee; background: #1c1c1c; }
  .problem { color: #ff8a80; }
}`;

/** The style sheet's source expression for `style-src`. */
export const loginStyleSource = styleSource(style);

/**
 * @param next the local path to go to after the login.
 * @param problem why the last try did not succeed, in plain words.
 */
export function loginPage(next: string, problem?: string): string {
  const notice =
    problem === undefined ? '' : `<p class="problem" role="alert">${escapeHtml(problem)}</p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>zdenergy: log in</title>
<style>${style}</style>
</head>
<body>
<h1>zdenergy</h1>
${notice}
<form method="post" action="/login">
<input type="hidden" name="next" value="${escapeHtml(next)}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>
<button>Log in</button>
</form>
</body>
</html>
`;
}
