import {
  clockText,
  copyChunks,
  EndlessReadings,
  endTimeMs,
  jsonChunks,
  jsonLine,
  lastOfConnection,
  resentCount,
  sensorName,
  timeMs,
  type Plan,
} from '../src/bench/payload.js';

const plan: Plan = {
  readings: 2_507,
  sensors: 100,
  prefix: 'bench-0a1b-',
  firstTimeMs: Date.UTC(2025, 9, 2, 17, 58, 37),
  stepMs: 5_000,
};

interface Sent {
  readonly id: string;
  readonly time: string;
  readonly temp: number;
  readonly rh: number;
  readonly lux: number;
}

const linesOf = (chunks: readonly Buffer[]): string[] =>
  Buffer.concat(chunks).toString().split('\n').slice(0, -1);
const parsed = (chunks: readonly Buffer[]): Sent[] =>
  linesOf(chunks).map((line) => JSON.parse(line) as Sent);
const sentBy = (connection: number): Sent[] => parsed(jsonChunks(plan, 7)[connection]);
const allSent = (): Sent[] => jsonChunks(plan, 7).flatMap(parsed);

describe('the readings that are sent', () => {
  it('look as those of a gateway', () => {
    expect(jsonLine(plan, 101, clockText(timeMs(plan, 101)))).toMatch(
      /^\{"id":"bench-0a1b-00001","time":"2025-10-02 17:58:42","temp":\d+\.\d\d,"rh":\d+\.\d\d,"lux":\d+\.\d\d\}\n$/,
    );
  });

  it('are as many as planned, each with a sensor and time of its own', () => {
    const sent = allSent();
    expect(sent).toHaveLength(plan.readings);
    expect(new Set(sent.map(({ id, time }) => `${id} ${time}`)).size).toBe(plan.readings);
  });

  it('keep each sensor on one connection, in the order of time', () => {
    const connectionOf = new Map<string, number>();
    for (let connection = 0; connection < 7; connection += 1) {
      const sent = sentBy(connection);
      for (const { id } of sent) {
        expect(connectionOf.get(id) ?? connection).toBe(connection);
        connectionOf.set(id, connection);
      }
      const times = sent.map(({ time }) => time);
      expect(times).toEqual([...times].sort());
    }
    expect(connectionOf.size).toBe(plan.sensors);
  });

  it('have values that a sensor could have measured, and not always the same', () => {
    const sent = allSent();
    for (const { temp, rh, lux } of sent) {
      expect(temp).toBeGreaterThanOrEqual(5);
      expect(temp).toBeLessThan(45);
      expect(rh).toBeGreaterThanOrEqual(20);
      expect(rh).toBeLessThan(99);
      expect(lux).toBeGreaterThanOrEqual(0);
      expect(lux).toBeLessThan(100_000);
    }
    expect(new Set(sent.map(({ lux }) => lux)).size).toBeGreaterThan(plan.readings * 0.9);
  });

  it('end before the end of the plan', () => {
    const last = timeMs(plan, plan.readings - 1);
    expect(endTimeMs(plan)).toBe(last + plan.stepMs);
  });

  it('know the last of each connection', () => {
    for (let connection = 0; connection < 7; connection += 1) {
      const last = sentBy(connection).at(-1);
      const number = lastOfConnection(plan, connection, 7);
      expect([sensorName(plan, number), clockText(timeMs(plan, number))]).toEqual([
        last?.id,
        last?.time,
      ]);
    }
  });
});

describe('readings that are sent again', () => {
  it.each([
    [0, 0],
    [0.01, 25],
    [0.5, 2_507],
  ])('are %s of all lines', (share, again) => {
    const lines = jsonChunks(plan, 7, share).flatMap(linesOf);
    expect(resentCount(plan.readings, share)).toBe(again);
    expect(lines).toHaveLength(plan.readings + again);
    expect(new Set(lines)).toEqual(new Set(jsonChunks(plan, 7).flatMap(linesOf)));
  });

  it('come after the first time, over the same connection', () => {
    for (const chunks of jsonChunks(plan, 7, 0.5)) {
      const latest = new Map<string, string>();
      let again = 0;
      for (const { id, time } of parsed(chunks)) {
        if (time <= (latest.get(id) ?? '')) again += 1;
        else latest.set(id, time);
      }
      expect(again).toBe(linesOf(chunks).length / 2);
    }
  });
});

describe('readings without an end', () => {
  it('are those of a gateway, each with a sensor and time of its own, in the order of time', () => {
    const connections = [0, 1, 2].map((index) => new EndlessReadings(plan, index, 3));
    const sent = connections.map((endless) => parsed([endless.chunk(), endless.chunk()]));
    for (const [index, own] of sent.entries()) {
      expect(own).toHaveLength(connections[index].made);
      const times = own.map(({ time }) => time);
      expect(times).toEqual([...times].sort());
      expect(times[0]).toBe(clockText(plan.firstTimeMs));
    }
    const keys = sent.flat().map(({ id, time }) => `${id} ${time}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(sent.flat().map(({ id }) => id)).size).toBe(plan.sensors);
    expect(sent[1][0]).toEqual(JSON.parse(jsonLine(plan, 1, clockText(plan.firstTimeMs))));
  });
});

describe('the rows for COPY', () => {
  it('are the same readings, with what zdenergy adds', () => {
    const rows = linesOf(copyChunks(plan, Date.UTC(2025, 9, 3))).map((line) => line.split('\t'));
    const expected = allSent().map(({ id, time, temp, rh, lux }) =>
      JSON.stringify([id, `${time}+00`, temp, rh, lux, lux / 127, '\\N', '2025-10-03 00:00:00+00']),
    );
    const copied = rows.map(([id, time, temp, rh, lux, irradiance, extra, received]) =>
      JSON.stringify([id, time, +temp, +rh, +lux, +irradiance, extra, received]),
    );
    expect(copied.sort()).toEqual(expected.sort());
  });

  it('come in chunks of whole rows', () => {
    const chunks = copyChunks(plan, 0);
    expect(chunks.length).toBeGreaterThan(2);
    for (const chunk of chunks) expect(chunk.at(-1)).toBe(0x0a);
  });
});
