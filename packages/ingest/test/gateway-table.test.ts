import { GatewayTable } from '../src/gateway-table.js';

const address = (n: number): string => `10.0.${n >> 8}.${n & 255}`;

describe('GatewayTable', () => {
  it('tells of each address once, with what its connections counted, the latest first', () => {
    const table = new GatewayTable();
    const first = table.opened('192.0.2.1', 1_000);
    table.opened('192.0.2.2', 2_000);
    const again = table.opened('192.0.2.1', 1_500);
    expect(again).toBe(first);
    first.open -= 1;
    first.bytes += 100;
    first.readings += 3;
    first.rejected += 1;
    first.lastSeenAtMs = 2_500;
    expect(table.report(3_000)).toEqual({
      total: 2,
      newest: [
        {
          address: '192.0.2.1',
          open: 1,
          opened: 2,
          idleMs: 500,
          bytes: 100,
          readings: 3,
          rejected: 1,
        },
        {
          address: '192.0.2.2',
          open: 1,
          opened: 1,
          idleMs: 1_000,
          bytes: 0,
          readings: 0,
          rejected: 0,
        },
      ],
    });
  });

  it('tells of the 200 seen last, of whatever age', () => {
    const table = new GatewayTable();
    for (let n = 0; n < 500; n += 1) table.opened(address(n), (n * 7_919) % 500);
    const { total, newest } = table.report(500);
    expect(total).toBe(500);
    expect(newest.map(({ idleMs }) => idleMs)).toEqual(
      Array.from({ length: 200 }, (_, n) => n + 1),
    );
  });

  it('tells of 200 at most when all were seen at once', () => {
    const table = new GatewayTable();
    for (let n = 0; n < 300; n += 1) table.opened(address(n), 5);
    expect(table.report(5).newest).toHaveLength(200);
  });

  it('forgets those seen longest ago, and stays bounded', () => {
    const table = new GatewayTable();
    const faithful = table.opened(address(0), 0);
    for (let n = 1; n <= 50_000; n += 1) {
      table.opened(address(n), n);
      faithful.lastSeenAtMs = n;
    }
    const { total } = table.report(50_000);
    expect(total).toBeGreaterThanOrEqual(10_000);
    expect(total).toBeLessThanOrEqual(11_000);
    // Known all the time, however long ago it connected.
    expect(table.opened(address(0), 50_001)).toBe(faithful);
    expect(table.opened(address(1), 50_002).opened).toBe(1);
  });
});
