/** A plain webhook: a POST of JSON, whose fields the README describes. */
import type { Message } from './alert-message.js';
import type { Channel } from './channel.js';
import { post } from './http-post.js';

export function webhookChannel(url: string, host: string): Channel {
  return {
    name: 'webhook',
    label: 'the webhook',
    send: (message, signal) =>
      post(
        {
          url,
          headers: { 'content-type': 'application/json', 'x-alert-id': message.id },
          body: JSON.stringify(webhookBody(message, host, Date.now())),
        },
        signal,
      ),
  };
}

const webhookBody = (
  { id, event, subject, text, fields }: Message,
  host: string,
  nowMs: number,
): object => ({
  id,
  event,
  host,
  sent_at: new Date(nowMs).toISOString(),
  subject,
  text,
  ...fields,
});
