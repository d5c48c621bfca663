/** Channels over HTTP, to a real receiver: what they send, and what they say when it is not taken. */
import { Releases } from '@zdenergy/core';
import { testMessage } from '../src/alerts/alert-message.js';
import { withoutSecrets } from '../src/alerts/channel.js';
import { retryMs } from '../src/alerts/delivery.js';
import { slackChannel } from '../src/alerts/slack.js';
import { webhookChannel } from '../src/alerts/webhook.js';
import { startReceiver, type Receiver } from './receiver.js';
import { closedPort } from './running-api.js';

const releases = new Releases();
afterAll(() => releases.release());

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver(releases);
});

const message = testMessage('farm-1', 'test-1');
const soon = (): AbortSignal => AbortSignal.timeout(5_000);

it('nobody is called by an id that Slack would take for a name', async () => {
  const evil = { ...message, text: 'sensor <!channel> & <@U1> is silent' };
  await slackChannel(receiver.url).send(evil, soon());
  expect(JSON.parse(receiver.requests[0]?.body ?? '')).toEqual({
    text: 'sensor &lt;!channel&gt; &amp; &lt;@U1&gt; is silent\n\ntest-1',
    mrkdwn: false,
  });
});

it.each([404, 500])('an answer with status %d means that it was not taken', async (status) => {
  receiver.answer = { status };
  await expect(slackChannel(receiver.url).send(message, soon())).rejects.toThrow(
    `it answered with status ${status}`,
  );
});

it('a redirection is not followed', async () => {
  receiver.answer = { status: 307, location: '/elsewhere' };
  const channel = webhookChannel(`${receiver.url}/here`, 'farm-1');
  await expect(channel.send(message, soon())).rejects.toThrow('it answered with status 307');
  expect(receiver.requests.map(({ path }) => path)).toEqual(['/here']);
});

it('a receiver that does not answer is given up', async () => {
  receiver.answer = undefined;
  const startedAtMs = performance.now();
  await expect(
    slackChannel(receiver.url).send(message, AbortSignal.timeout(300)),
  ).rejects.toThrow();
  expect(performance.now() - startedAtMs).toBeLessThan(2_000);
  expect(receiver.requests).toHaveLength(1);
});

it('where nobody listens, the failure does not tell the address', async () => {
  const url = `http://127.0.0.1:${await closedPort()}/services/secret?key=secret`;
  const failure: unknown = await slackChannel(url)
    .send(message, soon())
    .catch((error: unknown) => error);
  expect(String(failure)).not.toContain('secret');
});

it.each([
  ['posting to https://hooks.test/T0/B0/x failed', 'posting to *** failed'],
  ['GET /T0/B0/x: no such webhook', 'GET ***: no such webhook'],
  ['wrong\r\n  password', 'wrong password'],
  ['', ''],
])('of %j is left %j', (text, left) => {
  expect(withoutSecrets(text, ['https://hooks.test/T0/B0/x', '/T0/B0/x', '', 'or'])).toBe(left);
});

it('tries come less often, and never stop', () => {
  expect([1, 2, 3, 7, 100, 1_000].map((failures) => retryMs(failures))).toEqual([
    5_000, 10_000, 20_000, 300_000, 300_000, 300_000,
  ]);
});
