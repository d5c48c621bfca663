/**
 * The page for a person who may not get in: what to set, and how.
 *
 * What always holds: it says nothing about zdenergy that the refusal in JSON does not say.
 */
import { escapeHtml } from './html.js';
import { plainPage } from './plain-page.js';

/** @param why this browser was refused, in plain words. */
export const protectedPage = (why: string): string =>
  plainPage(
    'protected',
    `<p class="problem">${escapeHtml(why)}</p>
<p>No password is set yet. To open this page from here, set one on the machine that zdenergy runs on:</p>
<ol>
<li>In the directory of zdenergy, open the file <code>.env</code> (make it if there is none) and add a
line with a password of at least 8 characters:
<pre>ADMIN_PASSWORD=choose-your-own</pre></li>
<li>Restart zdenergy: press Ctrl-C where it runs and enter <code>npm start</code>, or, where PM2 runs
it, <code>pm2 restart zdenergy</code>.</li>
<li>Open this page again, and log in.</li>
</ol>`,
    'wide',
  );
