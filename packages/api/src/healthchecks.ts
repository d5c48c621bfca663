/**
 * Pings Healthchecks.io, so that somebody notices when this machine is gone as a whole.
 *
 * What always holds: one ping is under way at a time, and none for longer than 10 s; one that fails is
 * made anew, from how things are then; an outage is logged once, and its end; the address, which is a
 * secret, never is.
 */
import { describeError, within, type Logger, type Running } from '@zdenergy/core';
import { withDeadline } from './alerts/deadline.js';
import { post } from './alerts/http-post.js';
import { afterPing, duePing, noPings, seePings, type Ping, type PingSight } from './ping-rule.js';

const usualTimes = { tickMs: 1_000, timeoutMs: 10_000, retryMs: 10_000 };
const stopGraceMs = 1_000;
/** Healthchecks.io keeps the first 100 kB; nobody reads as much. */
const maxReasonLength = 10_000;

export interface HealthchecksParts {
  /** HEALTHCHECKS_PING_URL. */
  readonly url: string;
  readonly sight: () => PingSight;
  readonly logger: Logger;
  /** Other than usual in tests. */
  readonly times?: typeof usualTimes;
}

/** Starts at once. */
export function pingHealthchecks({ url, sight, logger, times }: HealthchecksParts): Running {
  const { tickMs, timeoutMs, retryMs } = times ?? usualTimes;
  const abort = new AbortController();
  let state = noPings;
  let sending: Promise<void> | undefined;
  let isFailing = false;
  let nextTryAtMs = 0;

  /** Never rejects. */
  const send = async (ping: Ping): Promise<void> => {
    const sentAtMs = performance.now();
    try {
      await withDeadline(abort.signal, timeoutMs, (signal) => post(requestFor(url, ping), signal));
    } catch (error) {
      nextTryAtMs = performance.now() + retryMs;
      const what = `Healthchecks.io could not be pinged: ${describeError(error)}.`;
      if (isFailing || abort.signal.aborted) logger.debug(what);
      else logger.error(`${what} It is tried again until it works.`);
      isFailing = true;
      return;
    }
    state = afterPing(state, ping, sentAtMs);
    if (isFailing) logger.listening('Healthchecks.io takes pings again');
    isFailing = false;
  };
  const tick = (): void => {
    const nowMs = performance.now();
    const seen = sight();
    state = seePings(state, seen, nowMs);
    if (sending !== undefined || nowMs < nextTryAtMs) return;
    const ping = duePing(state, seen, nowMs);
    if (ping === undefined) return;
    sending = send(ping).finally(() => (sending = undefined));
  };
  const timer = setInterval(tick, tickMs);
  return {
    async stop() {
      clearInterval(timer);
      if (sending !== undefined) await within(sending, stopGraceMs);
      abort.abort();
    },
  };
}

/** `/fail` goes before a query. */
export function requestFor(address: string, ping: Ping): { url: string; body: string } {
  if (ping.kind === 'stored') return { url: address, body: '' };
  const url = new URL(address);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/fail`;
  return { url: url.href, body: ping.reason.slice(0, maxReasonLength) };
}
