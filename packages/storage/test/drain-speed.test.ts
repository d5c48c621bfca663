import { DrainSpeed } from '../src/drain-speed.js';

let speed: DrainSpeed;
beforeEach(() => (speed = new DrainSpeed()));

it('knows nothing before something was stored', () => {
  expect(speed.itemsWithin(100)).toBeUndefined();
});

it('learns nothing from small parts', () => {
  speed.note(999, 50);
  expect(speed.itemsWithin(100)).toBeUndefined();
});

it('goes by the first large part, then follows', () => {
  speed.note(10_000, 100);
  expect(speed.itemsWithin(50)).toBe(5_000);
  for (let parts = 0; parts < 20; parts += 1) speed.note(10_000, 1_000);
  expect(speed.itemsWithin(1_000)).toBeGreaterThan(10_000);
  expect(speed.itemsWithin(1_000)).toBeLessThan(12_000);
});

it('is not misled by one slow part', () => {
  speed.note(10_000, 100);
  speed.note(10_000, 5_000);
  expect(speed.itemsWithin(100)).toBeGreaterThan(8_000);
});
