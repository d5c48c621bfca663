import { Counts } from '../src/simulate/counts.js';
import { isComplete, progressLine, summary } from '../src/simulate/progress.js';

const counts = (changed: Partial<Counts>): Counts => Object.assign(new Counts(), changed);
const target = { host: 'gw', port: 6_000, gateways: 2 };

describe('the line while a fleet runs', () => {
  const now = { gateways: 12_000, connected: 9_998, waiting: 3, unanswered: 0 };

  it('says how many are connected, what was sent, and how fast', () => {
    expect(
      progressLine(counts({ sent: 45_000, failed: 1 }), now, false, { sent: 1_000, ms: 500 }),
    ).toBe('9,998/12,000 connected · 45,000 sent · 1 failed · 3 waiting · 2,000/s');
  });

  it('counts the answers when there are to be any, and names the last trouble', () => {
    expect(
      progressLine(
        counts({
          sent: 5,
          acked: 3,
          nacked: 1,
          refused: 1,
          dropped: 1,
          lastTrouble: 'no such luck',
        }),
        now,
        true,
        { sent: 1, ms: 2_000 },
      ),
    ).toBe(
      '9,998/12,000 connected · 5 sent · 3 ack 1 nack · 0 failed · 3 waiting · 0.5/s · ' +
        '2 refused or lost: no such luck',
    );
  });
});

describe('a run', () => {
  it.each([
    ['with all sent', { measured: 2, sent: 2 }, false, true],
    ['with one failed', { measured: 2, sent: 1, failed: 1 }, false, false],
    ['broken off', { measured: 2, sent: 1 }, false, false],
    ['with all answered', { measured: 2, sent: 2, acked: 1, nacked: 1 }, true, true],
    ['with an answer missing', { measured: 2, sent: 2, acked: 1 }, true, false],
    ['with a strange answer', { measured: 1, sent: 1, acked: 1, strangeAnswers: 1 }, true, false],
  ])('%s', (_name, changed, ack, complete) => {
    expect(isComplete(counts(changed), ack)).toBe(complete);
    expect(summary(counts(changed), { ...target, ack }, 1_000)).toContain(complete ? '✅' : '❌');
  });

  it('is summed up with the reasons for what went wrong', () => {
    const text = summary(
      counts({
        measured: 1_200,
        sent: 1_100,
        failed: 100,
        resent: 7,
        opened: 4,
        dropped: 2,
        lastTrouble: 'the server cut the connection',
        cuts: 5,
        stalls: 1,
      }),
      { ...target, ack: false },
      60_000,
    );
    expect(text.split('\n')).toEqual([
      'Sent 1,100 of 1,200 readings from 2 gateways to gw:6000 in 1 min (18.3/s)',
      '  connections   4 opened, 2 lost, the last because the server cut the connection, 1 waits for the server to read',
      '  faults made   0 split, 0 with garbage, 5 cut by a reset, 0 sent twice',
      '  sent again    7 times, after a connection was lost',
      '  failed        100 could not be sent (the server cut the connection)',
      '❌ Not every reading was sent.',
    ]);
  });

  it('hints at TCP_ACK when no answer came at all', () => {
    const text = summary(
      counts({ measured: 9, sent: 9, opened: 1 }),
      { ...target, ack: true },
      1_000,
    );
    expect(text).toContain('0 ack, 0 nack, 9 missing');
    expect(text).toContain('TCP_ACK=on');
  });
});
