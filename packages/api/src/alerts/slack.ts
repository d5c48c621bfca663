/** Slack's incoming webhooks. */
import type { Channel } from './channel.js';
import { post } from './http-post.js';

/** @param url the webhook's address, which is all that one needs to post there. */
export function slackChannel(url: string): Channel {
  return {
    name: 'slack',
    label: 'Slack',
    send: ({ id, text }, signal) =>
      post(
        {
          url,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ text: `${escaped(text)}\n\n${id}`, mrkdwn: false }),
        },
        signal,
      ),
  };
}

/** Otherwise an id such as `<!channel>` would call everybody there. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
