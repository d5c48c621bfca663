import { EventSummary } from '../src/event-summary.js';

describe('EventSummary', () => {
  it('tells the first five of each kind one by one', () => {
    const summary = new EventSummary<'opened' | 'closed'>();
    const told = Array.from({ length: 8 }, () => summary.note('opened'));
    expect(told).toEqual([true, true, true, true, true, false, false, false]);
    expect(summary.note('closed')).toBe(true);
    expect(summary.takeUntold()).toEqual([['opened', 3]]);
  });

  it('begins anew after each while', () => {
    const summary = new EventSummary<'opened'>();
    for (let count = 0; count < 1_000; count += 1) summary.note('opened');
    expect(summary.takeUntold()).toEqual([['opened', 995]]);
    expect(summary.takeUntold()).toEqual([]);
    expect(summary.note('opened')).toBe(true);
    expect(summary.takeUntold()).toEqual([]);
  });

  it('has nothing to sum up where all were told', () => {
    const summary = new EventSummary<'opened'>();
    for (let count = 0; count < 5; count += 1) summary.note('opened');
    expect(summary.takeUntold()).toEqual([]);
  });
});
