/**
 * `npm run alert:test`: sends a test message to every channel that is set, and says how that went.
 *
 * What always holds: the channels are tried at the same time, and none for longer than 20 s; nothing of
 * an address or a password is shown.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { describeError, parseSettings } from '@zdenergy/core';
import { testMessage } from './alerts/alert-message.js';
import type { ChannelName } from './alerts/alert-state.js';
import type { Channel } from './alerts/channel.js';
import { openChannels } from './alerts/channels.js';

const timeoutMs = 20_000;
const exitFailed = 1;

interface Naming {
  readonly name: string;
  /** What makes the channel one. */
  readonly settings: string;
  /** Where to look when it does not work. */
  readonly advice: string;
}

const namings: Readonly<Record<ChannelName, Naming>> = {
  slack: {
    name: 'Slack',
    settings: 'SLACK_WEBHOOK_URL',
    advice:
      'Make a new incoming webhook in Slack if this one was removed, and set SLACK_WEBHOOK_URL.',
  },
  email: {
    name: 'E-mail',
    settings: 'SMTP_URL and ALERT_EMAIL_TO',
    advice:
      'Check the host, the port, the user and the password in SMTP_URL, and that its server lets this ' +
      'user send as ALERT_EMAIL_FROM.',
  },
  webhook: {
    name: 'Webhook',
    settings: 'ALERT_WEBHOOK_URL',
    advice: 'Check that the program at ALERT_WEBHOOK_URL runs and answers a POST with status 200.',
  },
};

async function main(): Promise<number> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const host = hostname();
  const channels = openChannels(parseSettings(process.env), host);
  if (channels.length === 0) {
    console.error(
      '❌ No channel is set, so nobody is told when something is wrong. Set one or more of:',
    );
    for (const { name, settings } of Object.values(namings)) {
      console.error(`   ${settings.padEnd(28)}${name}`);
    }
    return exitFailed;
  }
  const outcomes = await Promise.all(channels.map((channel) => tryOut(channel, host)));
  return outcomes.every((isTaken) => isTaken) ? 0 : exitFailed;
}

async function tryOut(channel: Channel, host: string): Promise<boolean> {
  const { name, advice } = namings[channel.name];
  const id = `test-${randomBytes(6).toString('hex')}`;
  try {
    await channel.send(testMessage(host, id), AbortSignal.timeout(timeoutMs));
    console.log(`✅ ${name}: the test message was taken. See whether it has arrived.`);
    return true;
  } catch (error) {
    console.log(`❌ ${name}: ${describeError(error)}. ${advice}`);
    return false;
  }
}

main().then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    console.error(`❌ ${describeError(error)}`);
    process.exitCode = exitFailed;
  },
);
