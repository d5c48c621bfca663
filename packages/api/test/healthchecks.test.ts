/** Pings to a real receiver that hangs, then fails, then works. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import { pingHealthchecks } from '../src/healthchecks.js';
import { fileLogger } from './file-logger.js';
import { startReceiver, type Receiver } from './receiver.js';

const releases = new Releases();
afterAll(() => releases.release());

/** Resolves once so many requests have come. */
async function arrived({ requests }: Receiver, count: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (requests.length < count) {
    if (performance.now() > deadline) throw new Error(`${requests.length} of ${count} came`);
    await sleep(5);
  }
}

const times = { tickMs: 20, timeoutMs: 300, retryMs: 100 };

it('one at a time, until one is taken; the outage and its end are logged once', async () => {
  const receiver = await startReceiver(releases);
  const { logger, log, logged } = fileLogger();
  let stored = 5;
  const pings = pingHealthchecks({
    url: `${receiver.url}/ping-key`,
    sight: () => ({ status: 'ok', reasons: [], stored, uptimeMs: 60_000 }),
    logger,
    times,
  });
  releases.push(() => pings.stop());
  receiver.answer = undefined;
  await sleep(200);
  expect(receiver.requests).toEqual([]);
  stored = 6;
  await arrived(receiver, 1);
  // Several looks, while the ping waits for its answer.
  await sleep(100);
  expect(receiver.requests).toEqual([{ path: '/ping-key', body: '' }]);
  await logged('❌ Healthchecks.io could not be pinged: it did not answer in time.');
  receiver.answer = { status: 500 };
  await arrived(receiver, receiver.requests.length + 2);
  receiver.answer = { status: 200 };
  await logged('✅ Healthchecks.io takes pings again');
  const { length } = receiver.requests;
  stored = 7;
  await sleep(200);
  // It is not a minute later yet.
  expect(receiver.requests).toHaveLength(length);
  expect(log().split('❌')).toHaveLength(2);
  expect(log()).not.toContain('ping-key');
});

it('a stop does not wait for a receiver that hangs', async () => {
  const receiver = await startReceiver(releases);
  receiver.answer = undefined;
  let stored = 5;
  const pings = pingHealthchecks({
    url: receiver.url,
    sight: () => ({ status: 'ok', reasons: [], stored, uptimeMs: 60_000 }),
    logger: fileLogger().logger,
    times: { ...times, timeoutMs: 60_000 },
  });
  await sleep(100);
  stored = 6;
  await arrived(receiver, 1);
  const startedAtMs = performance.now();
  await pings.stop();
  expect(performance.now() - startedAtMs).toBeLessThan(5_000);
});
