/** The channels that the settings name. */
import type { Settings } from '@zdenergy/core';
import type { Channel } from './channel.js';
import { emailChannel } from './email.js';
import { slackChannel } from './slack.js';
import { webhookChannel } from './webhook.js';

/** None: nobody wants alerts. @param host the name of this machine. */
export function openChannels(
  {
    slackWebhookUrl,
    smtpUrl,
    alertEmailTo,
    alertEmailFrom,
    alertWebhookUrl,
  }: Pick<
    Settings,
    'slackWebhookUrl' | 'smtpUrl' | 'alertEmailTo' | 'alertEmailFrom' | 'alertWebhookUrl'
  >,
  host: string,
): Channel[] {
  const channels: Channel[] = [];
  if (slackWebhookUrl !== undefined) channels.push(slackChannel(slackWebhookUrl));
  if (smtpUrl !== undefined && alertEmailTo !== undefined) {
    channels.push(emailChannel({ smtpUrl, to: alertEmailTo, from: alertEmailFrom }, host));
  }
  if (alertWebhookUrl !== undefined) channels.push(webhookChannel(alertWebhookUrl, host));
  return channels;
}
