/** When Healthchecks.io is to be pinged, as a table; and where to. */
import { requestFor } from '../src/healthchecks.js';
import { afterPing, duePing, noPings, seePings, type PingSight } from '../src/ping-rule.js';

const at = (seconds: number, changes: Partial<PingSight> = {}): [number, PingSight] => [
  seconds * 1_000,
  { status: 'ok', reasons: [], stored: 10, uptimeMs: 3_600_000, ...changes },
];
const error = { status: 'error', reasons: ['TCP is down.', 'So is more.'] } as const;

/** Each second between two sights is like the first of them. */
function pingsOf(
  sights: readonly [number, PingSight][],
  failing: readonly number[] = [],
): string[] {
  const pings: string[] = [];
  let state = noPings;
  sights.forEach(([fromMs, sight], index) => {
    const untilMs = sights[index + 1]?.[0] ?? fromMs + 1_000;
    for (let nowMs = fromMs; nowMs < untilMs; nowMs += 1_000) {
      state = seePings(state, sight, nowMs);
      const ping = duePing(state, sight, nowMs);
      if (ping === undefined) continue;
      pings.push(`${nowMs / 1_000} ${ping.kind === 'stored' ? ping.stored : ping.reason}`);
      if (!failing.includes(nowMs / 1_000)) state = afterPing(state, ping, nowMs);
    }
  });
  return pings;
}

it.each<[string, readonly [number, PingSight][], string[]]>([
  ['nothing was stored since the start', [at(0), at(100)], []],
  ['readings were stored', [at(0), at(5, { stored: 12 }), at(90)], ['5 12']],
  [
    'readings are stored all the time: once a minute',
    [at(0), at(1, { stored: 11 }), at(2, { stored: 12 }), at(3, { stored: 13 }), at(200)],
    ['1 11', '61 13'],
  ],
  ['health is unknown, and nothing is stored', [at(0, { stored: null }), at(50)], []],
  [
    'health is bad, and readings are stored',
    [at(0), at(1, { status: 'warning', stored: 11 }), at(2)],
    ['1 11'],
  ],
  ['an error is short', [at(0), at(5, error), at(14), at(100)], []],
  [
    'an error lasts: once a minute',
    [at(0), at(5, error), at(150)],
    [
      '15 TCP is down.\nSo is more.',
      '75 TCP is down.\nSo is more.',
      '135 TCP is down.\nSo is more.',
    ],
  ],
  [
    'readings are stored while there is an error',
    [at(0), at(5, { ...error, stored: 20 }), at(30, { stored: 20 }), at(31)],
    ['15 TCP is down.\nSo is more.', '30 20'],
  ],
  ['it is starting', [at(0, { ...error, uptimeMs: 1_000 }), at(29), at(60)], []],
])('%s', (_when, sights, pings) => {
  expect(pingsOf(sights)).toEqual(pings);
});

it('a ping that failed is made again, with the newest', () => {
  const sights = [at(0), at(5, { stored: 12 }), at(6, { stored: 13 }), at(20)];
  expect(pingsOf(sights, [5])).toEqual(['5 12', '6 13']);
});

it.each([
  ['https://hc-ping.com/uuid', 'https://hc-ping.com/uuid/fail'],
  ['https://hc-ping.com/uuid/', 'https://hc-ping.com/uuid/fail'],
  ['https://hc-ping.com/key/slug?create=1', 'https://hc-ping.com/key/slug/fail?create=1'],
])('a failure of %s', (address, url) => {
  const reason = 'x'.repeat(20_000);
  expect(requestFor(address, { kind: 'stored', stored: 1 })).toEqual({ url: address, body: '' });
  expect(requestFor(address, { kind: 'failure', reason })).toEqual({
    url,
    body: 'x'.repeat(10_000),
  });
});
