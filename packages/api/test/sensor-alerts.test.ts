/** When silent sensors are worth a message: as a table, and in random lives. */
import fc from 'fast-check';
import type { ChannelName } from '../src/alerts/alert-state.js';
import { Bench } from './alert-bench.js';

const minute = 60;
const hour = 3_600;
const names = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `s${String(n).padStart(2, '0')}`);

/** Lets minutes pass in which these sensors report, each at its own second. */
function passMinutes(bench: Bench, minutes: number, ids: readonly string[]): Bench {
  for (let n = 0; n < minutes; n += 1) {
    ids.forEach((id, index) => {
      const pause = Math.floor(minute / ids.length);
      bench.report([id]).pass(index === ids.length - 1 ? minute - pause * index : pause);
    });
    if (ids.length === 0) bench.pass(minute);
  }
  return bench;
}

/** One that has heard sensors a and b for long. */
const bench = (): Bench => passMinutes(new Bench(), 15, ['a', 'b']);

describe('one channel is told', () => {
  it.each<[string, () => Bench, string[]]>([
    ['nothing while all report', () => passMinutes(bench(), 60, ['a', 'b']), []],
    ['nothing of a sensor that is late', () => passMinutes(bench(), 9, ['a']), []],
    ['of one that is silent', () => passMinutes(bench(), 15, ['a']), ['sensors_silent b']],
    [
      'when it is back',
      () => passMinutes(passMinutes(bench(), 15, ['a']), 5, ['a', 'b']),
      ['sensors_silent b', 'sensors_back b'],
    ],
    ['once of all together', () => passMinutes(bench(), 15, []), ['sensors_silent a,b']],
    [
      'once of a site, and once that it is back',
      () => {
        const site = names(50);
        const one = passMinutes(new Bench(), 15, site);
        return passMinutes(passMinutes(one, 20, []), 5, site);
      },
      [`sensors_silent ${names(50).join(',')}`, `sensors_back ${names(50).join(',')}`],
    ],
    [
      'nothing of one that is back before its group is complete',
      () => {
        const one = bench().report(['slow'], 45 * minute);
        one.pass(450 * minute + 30);
        return one.report(['slow'], 45 * minute).pass(hour);
      },
      ['sensors_silent a,b'],
    ],
    [
      'nothing again after a restart',
      () => passMinutes(passMinutes(bench(), 15, ['a']).restart(), 60, ['a']),
      ['sensors_silent b'],
    ],
    [
      'nothing after an hour in which zdenergy was off',
      () => passMinutes(bench().restart(hour, true), 30, ['a', 'b']),
      [],
    ],
    [
      'of one that does not come back after that hour',
      () => passMinutes(bench().restart(hour, true), 15, ['a']),
      ['sensors_silent b'],
    ],
    [
      'as soon as ever when only the API was away',
      () => {
        const one = passMinutes(bench(), 8, ['a']).restart(2 * minute);
        // Until the supervisor has reported.
        one.isHearing = false;
        one.pass(3);
        one.isHearing = true;
        return passMinutes(one, 4, ['a']);
      },
      ['sensors_silent b'],
    ],
    [
      'nothing while gateways cannot be heard, nor at once when they can',
      () => {
        const one = bench();
        one.isHearing = false;
        one.pass(2 * hour);
        one.isHearing = true;
        return passMinutes(one, 9, []);
      },
      [],
    ],
    [
      'nothing of a backlog that is taken in later',
      () => {
        const one = bench();
        const table = one.sensors;
        one.sensors = null;
        one.pass(2 * hour);
        one.sensors = table;
        return passMinutes(one, 30, ['a', 'b']);
      },
      [],
    ],
    [
      'nothing of a clock that is set',
      () => {
        const ahead = passMinutes(bench().setClock(hour), 30, ['a', 'b']);
        return passMinutes(ahead.setClock(-hour), 90, ['a', 'b']);
      },
      [],
    ],
    [
      'nothing of a clock that is set ahead, before all could report again',
      () => bench().report(['new'], null).pass(5).setClock(hour).pass(100).report(['new'], null),
      [],
    ],
    [
      'nothing of a clock that is set back while one is silent',
      () => passMinutes(passMinutes(bench(), 15, ['a']).setClock(-hour), 15, ['a']),
      ['sensors_silent b'],
    ],
    [
      'nothing of one that was taken out of the table',
      () => {
        const one = passMinutes(bench(), 15, ['a']);
        one.sensors?.delete('b');
        return passMinutes(one, 15, ['a']);
      },
      ['sensors_silent b'],
    ],
    [
      'nothing of one whose interval is long',
      () =>
        bench()
          .report(['daily'], 24 * hour)
          .pass(2),
      [],
    ],
    [
      'that one was away, when the channel was down for all of it',
      () => {
        const one = bench();
        one.down.add('slack');
        passMinutes(passMinutes(one, 20, ['a']), 20, ['a', 'b']);
        one.down.clear();
        return one.pass(2);
      },
      ['sensors_back b'],
    ],
  ])('%s', (_what, live, events) => {
    expect(live().events()).toEqual(events);
  });
});

it('sensors that come and go all the time are no storm of messages', () => {
  const flaky = names(40);
  const one = passMinutes(new Bench(), 15, flaky);
  // Each is away for a quarter of an hour, one after the other.
  for (let n = 0; n < 120; n += 1) {
    const away = new Set(Array.from({ length: 15 }, (_, k) => flaky[(n + k) % flaky.length]));
    passMinutes(
      one,
      1,
      flaky.filter((id) => !away.has(id)),
    );
  }
  expect(one.told.length).toBeGreaterThan(10);
  expect(one.told.length).toBeLessThanOrEqual((2 * 120) / 5);
});

it('groups of sensors that the channel was not told of yet become one message', () => {
  const one = bench();
  one.down.add('slack');
  passMinutes(passMinutes(one, 20, ['a']), 20, []);
  one.down.clear();
  one.pass(2);
  expect(one.events()).toEqual(['sensors_silent b,a']);
  expect(one.told).toHaveLength(1);
});

it('in any life, each sensor is silent and back in turn, and one that reports is never silent', () => {
  const channels: ChannelName[] = ['slack', 'email'];
  const ids = ['a', 'b', 'c'];
  const phase = fc.record({
    reporting: fc.subarray(ids),
    minutes: fc.nat(25),
    restart: fc.constantFrom('no', 'no', 'api', 'all', 'before it noted a receipt'),
    slackIsDown: fc.boolean(),
    isHearing: fc.constantFrom(true, true, true, false),
  });
  fc.assert(
    fc.property(fc.array(phase, { maxLength: 8 }), (phases) => {
      const one = new Bench(channels);
      const live = [...ids, 'steady'];
      passMinutes(one, 12, live);
      for (const { reporting, minutes, restart, slackIsDown, isHearing } of phases) {
        if (slackIsDown) one.down.add('slack');
        else one.down.delete('slack');
        if (restart === 'before it noted a receipt') one.unnoted = 1;
        one.isHearing = isHearing;
        // What nobody hears is not in the table.
        passMinutes(one, minutes, isHearing ? [...reporting, 'steady'] : []);
        one.isHearing = true;
        if (restart === 'no') continue;
        one.restart(restart === 'all' ? 2 * hour : 1, restart === 'all');
        // What was sent and not noted is sent again at once.
        one.down.clear();
        one.pass(2);
      }
      one.down.clear();
      passMinutes(one, 15, live);
      for (const channel of channels) {
        const silent = new Set<string>();
        const seen = new Set<string>();
        for (const { news, id } of one.told.filter((told) => told.channel === channel)) {
          if ('incident' in news || seen.has(id)) continue;
          seen.add(id);
          for (const { sensorId } of news.sensors) {
            expect(sensorId).not.toBe('steady');
            if (news.event === 'sensors_back') silent.delete(sensorId);
            else {
              expect(silent).not.toContain(sensorId);
              silent.add(sensorId);
            }
          }
        }
        expect([...silent]).toEqual([]);
      }
      expect(one.state.sensors).toMatchObject({ silent: [], returned: [] });
    }),
    { numRuns: 40 },
  );
});
