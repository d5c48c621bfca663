/** The way of alerts to real receivers: one that hangs, and one beside it that does not. */
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Releases } from '@zdenergy/core';
import { testMessage } from '../src/alerts/alert-message.js';
import type { Incident } from '../src/alerts/alert-state.js';
import { withDeadline } from '../src/alerts/deadline.js';
import { Delivery } from '../src/alerts/delivery.js';
import type { HealthNews } from '../src/alerts/health-alerts.js';
import { webhookChannel } from '../src/alerts/webhook.js';
import { fileLogger, type FileLogger } from './file-logger.js';
import { startReceiver, type Receiver } from './receiver.js';

const releases = new Releases();
afterAll(() => releases.release());

const incident: Incident = {
  number: 1,
  sinceMs: 0,
  untilMs: null,
  status: 'error',
  faults: [],
  changes: 0,
};
const news: HealthNews = {
  event: 'bad',
  incident,
  status: 'error',
  reasons: [],
  reminder: 1,
  missed: 0,
  isKnown: false,
};

interface Way {
  readonly receiver: Receiver;
  readonly log: FileLogger;
  readonly delivery: Delivery;
  /** How many messages are still to be told. */
  left: number;
}

/** A way to a receiver of its own, on which so many messages are to be told; poked all the time. */
async function way(left: number): Promise<Way> {
  const receiver = await startReceiver(releases);
  const log = fileLogger();
  let sent = 0;
  const delivery = new Delivery({
    channel: webhookChannel(`${receiver.url}/secret`, 'farm-1'),
    next: () =>
      one.left === 0 ? undefined : { news, message: testMessage('farm-1', `test-${(sent += 1)}`) },
    delivered: () => (one.left -= 1),
    logger: log.logger,
    // A busy machine may take a second for a first request.
    times: { sendTimeoutMs: 3_000, firstRetryMs: 50 },
  });
  const one: Way = { receiver, log, delivery, left };
  const timer = setInterval(() => delivery.poke(), 20);
  releases.push(() => clearInterval(timer));
  return one;
}

async function until(check: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!check()) {
    if (performance.now() > deadline) throw new Error('it did not become true');
    await sleep(5);
  }
}

it('a receiver that hangs is tried again, holds up nobody, and is told of once in the log', async () => {
  const slow = await way(2);
  slow.receiver.answer = undefined;
  const quick = await way(3);
  await until(() => quick.left === 0);
  await until(() => slow.receiver.requests.length >= 2);
  expect(quick.receiver.requests).toHaveLength(3);
  expect(slow.left).toBe(2);
  slow.receiver.answer = { status: 200 };
  await until(() => slow.left === 0);
  await slow.log.logged('✅ The webhook takes alerts again');
  expect(slow.log.log().split('❌')).toHaveLength(2);
  expect(slow.log.log()).toContain('could not be told to the webhook: it did not answer in time.');
  expect(slow.log.log()).not.toContain('secret');
  expect(quick.log.log()).not.toContain('❌');
});

it('nothing is sent any more after a stop, which waits a little for what is on its way', async () => {
  const one = await way(5);
  one.receiver.answer = undefined;
  await until(() => one.receiver.requests.length === 1);
  const startedAtMs = performance.now();
  await one.delivery.stop(100);
  expect(performance.now() - startedAtMs).toBeLessThan(5_000);
  await sleep(500);
  expect(one.receiver.requests).toHaveLength(1);
  expect(one.left).toBe(5);
});

it('a deadline comes also when memory was tidied up meanwhile', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const waiting = withDeadline(
    new AbortController().signal,
    200,
    (signal) =>
      new Promise<string>((resolve) => {
        signal.addEventListener('abort', () => resolve('ended'));
      }),
  );
  await sleep(20);
  collect();
  expect(await Promise.race([waiting, sleep(5_000, 'forgotten')])).toBe('ended');
});
