/** A fleet's counts in words: the line while it runs, and the summary at its end. */
import { formatDuration } from '@zdenergy/core';
import type { Counts, Snapshot } from './counts.js';
import type { FleetOptions } from './fleet.js';

const number = (value: number): string => value.toLocaleString('en-US');
const perSecond = (count: number, durationMs: number): string => {
  const rate = durationMs > 0 ? (count / durationMs) * 1_000 : 0;
  return `${rate < 100 ? rate.toFixed(1) : number(Math.round(rate))}/s`;
};

/**
 * How the fleet stands, in one line.
 * @param recent readings sent in the last `recentMs` milliseconds
 */
export function progressLine(
  counts: Counts,
  now: Snapshot,
  ack: boolean,
  recent: { readonly sent: number; readonly ms: number },
): string {
  const parts = [
    `${number(now.connected)}/${number(now.gateways)} connected`,
    `${number(counts.sent)} sent`,
    ...(ack ? [`${number(counts.acked)} ack ${number(counts.nacked)} nack`] : []),
    `${number(counts.failed)} failed`,
    `${number(now.waiting)} waiting`,
    perSecond(recent.sent, recent.ms),
  ];
  const trouble = counts.refused + counts.dropped;
  if (trouble > 0) parts.push(`${number(trouble)} refused or lost: ${counts.lastTrouble}`);
  return parts.join(' · ');
}

/** Whether everything measured was sent and, where answers were expected, answered. */
export function isComplete(counts: Counts, ack: boolean): boolean {
  return (
    counts.failed === 0 &&
    counts.sent === counts.measured &&
    (!ack || (counts.acked + counts.nacked === counts.sent && counts.strangeAnswers === 0))
  );
}

/** What the whole run came to, in a few lines. */
export function summary(
  counts: Counts,
  options: Pick<FleetOptions, 'host' | 'port' | 'gateways' | 'ack'>,
  elapsedMs: number,
): string {
  const { host, port, gateways, ack } = options;
  const rows: [string, string][] = [
    ['connections', describeConnections(counts)],
    ...(ack ? [['answers', describeAnswers(counts)] satisfies [string, string]] : []),
  ];
  const faults = counts.splits + counts.garbage + counts.cuts + counts.duplicates;
  if (faults > 0) rows.push(['faults made', describeFaults(counts)]);
  if (counts.resent > 0) {
    rows.push(['sent again', `${number(counts.resent)} times, after a connection was lost`]);
  }
  if (counts.failed > 0) {
    rows.push(['failed', `${number(counts.failed)} could not be sent (${whyFailed(counts)})`]);
  }
  if (counts.skipped > 0) {
    rows.push(['left out', `${number(counts.skipped)}: this process was paused or too slow`]);
  }
  return [
    `Sent ${number(counts.sent)} of ${number(counts.measured)} readings from ${number(gateways)} ` +
      `gateways to ${host}:${port} in ${formatDuration(elapsedMs)} (${perSecond(counts.sent, elapsedMs)})`,
    ...rows.map(([name, text]) => `  ${name.padEnd(14)}${text}`),
    verdict(counts, ack),
  ].join('\n');
}

function describeConnections(counts: Counts): string {
  const parts = [`${number(counts.opened)} opened`];
  if (counts.refused > 0) parts.push(`${number(counts.refused)} refused`);
  if (counts.dropped > 0) parts.push(`${number(counts.dropped)} lost`);
  if (counts.refused + counts.dropped > 0) parts.push(`the last because ${counts.lastTrouble}`);
  if (counts.stalls > 0) parts.push(`${number(counts.stalls)} waits for the server to read`);
  return parts.join(', ');
}

function describeAnswers(counts: Counts): string {
  const missing = counts.sent - counts.acked - counts.nacked;
  const parts = [
    `${number(counts.acked)} ack, ${number(counts.nacked)} nack, ${number(missing)} missing`,
  ];
  const [p50, p99] = [counts.latencies.quantile(0.5), counts.latencies.quantile(0.99)];
  if (p50 !== undefined && p99 !== undefined) {
    parts.push(`after ${p50.toFixed(1)} ms (median), ${p99.toFixed(1)} ms (99 %)`);
  }
  if (counts.nacked > 0) parts.push(`last nack: ${counts.lastNackReason}`);
  if (counts.strangeAnswers > 0) {
    parts.push(
      `${number(counts.strangeAnswers)} not understood, last: ${counts.lastStrangeAnswer}`,
    );
  }
  return parts.join('; ');
}

function describeFaults(counts: Counts): string {
  return (
    `${number(counts.splits)} split, ${number(counts.garbage)} with garbage, ` +
    `${number(counts.cuts)} cut by a reset, ${number(counts.duplicates)} sent twice`
  );
}

function whyFailed(counts: Counts): string {
  if (counts.refused + counts.dropped > 0) return counts.lastTrouble;
  if (counts.stalls > 0) return 'the server did not read fast enough';
  return 'not by the end of the run, or too many others waited for their answers';
}

function verdict(counts: Counts, ack: boolean): string {
  if (isComplete(counts, ack)) {
    return ack ? '✅ Every reading was sent and answered.' : '✅ Every reading was sent.';
  }
  if (ack && counts.sent > 0 && counts.dropped === 0 && counts.acked + counts.nacked === 0) {
    return '❌ No answer came at all: does the server run with TCP_ACK=on?';
  }
  return ack ? '❌ Not every reading was sent and answered.' : '❌ Not every reading was sent.';
}
