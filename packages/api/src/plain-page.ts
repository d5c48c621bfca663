/**
 * The look of the pages that have to work on their own: the login, and the one that says why not.
 *
 * What always holds: such a page needs nothing from elsewhere; its only style sheet is the one whose
 * hash the Content-Security-Policy allows.
 */
import { styleSource } from './html.js';

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 20rem; margin: 15vh auto; padding: 0 1rem;
  color: #222; background: #fff; }
.wide { max-width: 36rem; }
label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit; }
input, button { margin: .5rem 0 1rem; padding: .5rem; border: 1px solid #767676; border-radius: 4px; }
button { border-color: #0b5cad; background: #0b5cad; color: #fff; cursor: pointer; }
.problem { color: #b00020; }
li { margin: .5rem 0; }
pre { margin: .25rem 0; padding: .5rem; border-radius: 4px; background: #f0f0f0; overflow-x: auto; }
@media (prefers-color-scheme: dark) {
  body, input { color: #eee; background: #1c1c1c; }
  pre { background: #333; }
  .problem { color: #ff8a80; }
}`;

/** The style sheet's source expression for `style-src`. */
export const plainStyleSource = styleSource(style);

/** @param body HTML, in which every text that is not ours is escaped. */
export const plainPage = (title: string, body: string, width: 'narrow' | 'wide'): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>zdenergy: ${title}</title>
<style>${style}</style>
</head>
<body class="${width}">
<h1>zdenergy</h1>
${body}
</body>
</html>
`;
