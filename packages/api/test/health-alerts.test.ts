/** When health is worth a message: as a table, and in thousands of random lives. */
import fc from 'fast-check';
import type { ChannelName } from '../src/alerts/alert-state.js';
import { noHealthMemory, seeHealth } from '../src/alerts/health-alerts.js';
import { Bench, good, repeatMs, sight, type Told } from './alert-bench.js';

const tcp = sight('error', 'tcp');
const away = sight('warning', 'database');
const disk = sight('warning', 'disk');
const both = sight('error', 'tcp', 'disk');
const hour = 3_600;

describe('one channel is told', () => {
  it.each<[string, (bench: Bench) => unknown, string[]]>([
    ['nothing while all is well', (bench) => bench.pass(hour), []],
    ['nothing of what is short', (bench) => bench.pass(9, tcp).pass(60), []],
    [
      'nothing of many short ones',
      (bench) => {
        for (let n = 0; n < 50; n += 1) bench.pass(8, tcp).pass(2);
      },
      [],
    ],
    ['that health is bad', (bench) => bench.pass(12, tcp), ['bad 1: tcp']],
    ['both ends', (bench) => bench.pass(40, tcp).pass(20), ['bad 1: tcp', 'good 1: tcp']],
    [
      'no good news of a moment',
      (bench) => bench.pass(40, tcp).pass(8).pass(40, tcp),
      ['bad 1: tcp'],
    ],
    [
      'that health is bad also when each second has another reason',
      (bench) => {
        for (let n = 0; n < 10; n += 1) bench.pass(1, tcp).pass(1, away);
      },
      ['bad 1: tcp'],
    ],
    [
      'a reminder every four hours',
      (bench) => bench.pass(9 * hour, away),
      ['bad 1: database', 'reminder 1: database', 'reminder 1: database'],
    ],
    [
      'once that it is worse',
      (bench) => bench.pass(60, disk).pass(60, both).pass(60, disk).pass(60, both),
      ['bad 1: disk', 'changed 1: tcp+disk'],
    ],
    ['nothing of a worse moment', (bench) => bench.pass(60, disk).pass(9, both), ['bad 1: disk']],
    [
      'once that it is bad for another reason',
      (bench) => bench.pass(60, away).pass(60, disk).pass(60, away),
      ['bad 1: database', 'changed 1: disk+database'],
    ],
    [
      'nothing of what follows from the reason',
      (bench) => bench.pass(60, away).pass(60, sight('warning', 'database', 'pending')),
      ['bad 1: database'],
    ],
    [
      'again of a reason that was gone for long',
      (bench) =>
        bench
          .pass(60, disk)
          .pass(60, both)
          .pass(11 * 60, disk)
          .pass(60, both),
      ['bad 1: disk', 'changed 1: tcp+disk', 'changed 1: tcp+disk'],
    ],
    [
      'of one long incident where it flaps',
      (bench) => {
        for (let n = 0; n < 100; n += 1) bench.pass(15, tcp).pass(15);
        bench.pass(hour);
      },
      // Good for 10 s was enough at first, and then it had to be 20 s.
      ['bad 1: tcp', 'good 1: tcp', 'bad 2: tcp', 'good 2: tcp'],
    ],
    [
      'nothing while zdenergy is starting',
      (bench) =>
        bench
          .restart()
          .pass(25, { ...tcp, uptimeMs: 5_000 })
          .pass(60),
      [],
    ],
    [
      'of a start that does not end',
      (bench) =>
        bench
          .restart()
          .pass(25, { ...tcp, uptimeMs: 5_000 })
          .pass(15, { ...tcp, uptimeMs: 31_000 }),
      ['bad 1: tcp'],
    ],
    [
      'nothing again after a restart',
      (bench) => bench.pass(60, tcp).restart().pass(60, tcp).restart().pass(60),
      ['bad 1: tcp', 'good 1: tcp'],
    ],
    [
      'of an end that came while nobody watched',
      (bench) => bench.pass(60, tcp).restart(hour).pass(60),
      ['bad 1: tcp', 'good 1: tcp'],
    ],
    [
      'the newest after an outage, and that it was bad meanwhile',
      (bench) => {
        bench.down.add('slack');
        for (let n = 0; n < 3; n += 1) bench.pass(60, tcp).pass(2 * hour);
        bench.down.clear();
        bench.pass(10);
      },
      ['good 3: tcp'],
    ],
    [
      'the end of what it knew, after an outage in which more happened',
      (bench) => {
        bench.pass(60, tcp).down.add('slack');
        bench
          .pass(2 * hour)
          .pass(60, tcp)
          .pass(2 * hour)
          .pass(60, disk);
        bench.down.clear();
        bench.pass(10, disk);
      },
      ['bad 1: tcp', 'good 1: tcp', 'bad 3: disk'],
    ],
  ])('%s', (_what, live, events) => {
    const bench = new Bench();
    bench.pass(1);
    live(bench);
    expect(bench.events()).toEqual(events);
  });
});

it('a repeat has the id of the first', () => {
  const bench = new Bench().pass(1);
  bench.unnoted = 1;
  bench.pass(60, tcp).restart().pass(60, tcp);
  expect(bench.told.map(({ id }) => id)).toEqual(['it-health-1-bad', 'it-health-1-bad']);
});

it('a channel that was down hears the end of what it knew, although another has gone on', () => {
  const bench = new Bench(['slack', 'webhook']).pass(1).pass(60, tcp);
  bench.down.add('slack');
  bench.pass(2 * hour).pass(60, disk);
  bench.down.clear();
  bench.pass(1, disk);
  const all = ['bad 1: tcp', 'good 1: tcp', 'bad 2: disk'];
  expect([bench.events('slack'), bench.events('webhook')]).toEqual([all, all]);
});

it('a new channel is told what is bad now, and nothing of what is over', () => {
  const bench = new Bench().pass(1).pass(60, tcp).pass(hour);
  bench.useChannels(['slack', 'email']).pass(60);
  expect(bench.events('email')).toEqual([]);
  bench.pass(60, disk).useChannels(['slack', 'email', 'webhook']).pass(60, disk).pass(60);
  const all = ['bad 2: disk', 'good 2: disk'];
  expect([bench.events('email'), bench.events('webhook')]).toEqual([all, all]);
});

it('what was missed is counted', () => {
  const bench = new Bench().pass(1);
  bench.down.add('slack');
  for (let n = 0; n < 3; n += 1) bench.pass(60, tcp).pass(2 * hour);
  bench.down.clear();
  bench.pass(1);
  expect(bench.told.map(({ news }) => news)).toMatchObject([{ missed: 2, isKnown: false }]);
});

it.each([-2 * hour, -60, 60, 2 * hour])('a clock set by %d s changes no duration', (seconds) => {
  const bench = new Bench().pass(1).pass(60, tcp).setClock(seconds).pass(60, tcp).pass(20);
  const [, end] = bench.told.map(({ news }) => ('incident' in news ? news.incident : undefined));
  expect((end?.untilMs ?? 0) - (end?.sinceMs ?? 0)).toBe(120_000);
  expect(bench.events()).toEqual(['bad 1: tcp', 'good 1: tcp']);
});

it('a clock set back while nobody watched puts off no reminder', () => {
  const bench = new Bench().pass(1).pass(60, tcp);
  bench.setClock(-100 * hour).restart();
  bench.pass(repeatMs / 1_000 + 60, tcp);
  expect(bench.events()).toEqual(['bad 1: tcp', 'reminder 1: tcp']);
});

it('nothing changes while nothing happens, so that nothing is written', () => {
  const bench = new Bench().pass(60, tcp);
  const seen = seeHealth(bench.state.health, noHealthMemory, tcp, bench.now);
  expect(seen.health).toBe(bench.state.health);
});

describe('in any life', () => {
  const sights = [good, good, tcp, away, disk, both];
  const names: ChannelName[] = ['slack', 'webhook'];
  const phase = fc.record({
    health: fc.constantFrom(...sights),
    seconds: fc.oneof(fc.nat(30), fc.nat(1_500)),
    restart: fc.constantFrom('no', 'no', 'killed', 'killed before it noted a receipt'),
    slackIsDown: fc.boolean(),
    clockS: fc.constantFrom(0, 0, 0, -5_000, 5_000),
  });

  function live(phases: readonly (typeof phase extends fc.Arbitrary<infer One> ? One : never)[]) {
    const bench = new Bench(names).pass(1);
    for (const { health, seconds, restart, slackIsDown, clockS } of phases) {
      if (slackIsDown) bench.down.add('slack');
      else bench.down.delete('slack');
      if (restart === 'killed before it noted a receipt') bench.unnoted = 1;
      bench.setClock(clockS).pass(seconds, health);
      if (restart === 'no') continue;
      bench.restart();
      // What was sent and not noted is sent again at once.
      bench.down.clear();
      bench.pass(2, health);
    }
    bench.down.clear();
    return bench.pass(1_500);
  }

  const withoutRepeats = (told: readonly Told[]): Told[] =>
    told.filter(({ id }, n) => told.findIndex((one) => one.id === id) === n);

  it('each channel hears bad and good in turn, and of every incident', () => {
    fc.assert(
      fc.property(fc.array(phase, { maxLength: 12 }), (phases) => {
        const bench = live(phases);
        for (const name of names) {
          const told = withoutRepeats(bench.told.filter(({ channel }) => channel === name));
          let open = 0;
          let covered = 0;
          for (const { news } of told) {
            if (!('incident' in news)) throw new Error('no sensor was there');
            const { number } = news.incident;
            if (news.event === 'bad') {
              expect(open).toBe(0);
              covered += 1 + news.missed;
              open = number;
            } else if (news.event === 'good') {
              if (news.isKnown) expect(open).toBe(number);
              else covered += 1 + news.missed;
              open = 0;
            } else {
              expect(open).toBe(number);
            }
            expect(covered).toBe(number);
          }
          expect(open).toBe(0);
          expect(covered).toBe(bench.state.health.incidents.at(-1)?.number ?? 0);
        }
        expect(bench.state.health.incidents.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 100 },
    );
  });
});
