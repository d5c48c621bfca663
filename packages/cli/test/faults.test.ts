import { planSending, type Faults } from '../src/simulate/faults.js';

const none: Faults = { split: 0, garbage: 0, disconnect: 0, duplicate: 0 };
const object = '{"id":"e4643048d7292c2e","time":"2025-10-02 17:58:37","place":"Süd – 🌱"}';
const line = `${object}\n`;
const plans = (faults: Partial<Faults>, count = 2_000) =>
  Array.from({ length: count }, (_, reading) =>
    planSending(object, { ...none, ...faults }, 1, 2, reading, 1),
  );
const bytesOf = (plan: { packets: readonly Buffer[] }) => Buffer.concat(plan.packets);

describe('a plan for sending a reading', () => {
  it('without faults is one packet with one line', () => {
    for (const plan of plans({}, 10)) {
      expect(plan.packets.map(String)).toEqual([line]);
    }
  });

  it('that splits keeps every byte, in up to four packets cut at every place', () => {
    const lengths = new Set<number>();
    for (const plan of plans({ split: 1 })) {
      expect(bytesOf(plan).toString()).toBe(line);
      expect(plan.packets.length).toBeGreaterThan(1);
      expect(plan.packets.length).toBeLessThanOrEqual(4);
      expect(plan.packets.every((packet) => packet.length > 0)).toBe(true);
      lengths.add(plan.packets[0]?.length ?? 0);
    }
    // Every place was cut at, those inside characters too.
    expect(lengths.size).toBe(Buffer.byteLength(line) - 1);
  });

  it('that cuts holds a part of the object, never the whole', () => {
    const parts = new Set(plans({ disconnect: 1 }).map((plan) => bytesOf(plan).toString('latin1')));
    const all = Buffer.from(object).toString('latin1');
    for (const part of parts) {
      expect(part.length).toBeGreaterThan(0);
      expect(part.length).toBeLessThan(all.length);
      expect(all.startsWith(part)).toBe(true);
    }
    expect(parts.size).toBe(all.length - 1);
  });

  it('that duplicates sends the same line twice', () => {
    for (const plan of plans({ duplicate: 1 }, 10)) {
      expect(bytesOf(plan).toString()).toBe(line + line);
    }
  });

  it('with garbage holds the object after bytes that are none', () => {
    const heads = new Set<string>();
    for (const plan of plans({ garbage: 1 })) {
      const text = bytesOf(plan).toString('latin1');
      const head = text.slice(0, -Buffer.byteLength(line));
      expect(bytesOf(plan).subarray(head.length).toString()).toBe(line);
      for (const part of head.split('\n')) expect(() => JSON.parse(part) as unknown).toThrow();
      heads.add(head);
    }
    expect(heads.size).toBeGreaterThan(4);
  });

  it.each(['split', 'garbage', 'disconnect', 'duplicate'] as const)(
    'has the fault %s as often as asked',
    (fault) => {
      const name = fault === 'disconnect' ? 'cut' : fault;
      const share = plans({ [fault]: 0.2 }, 10_000).filter((plan) => plan[name]).length / 10_000;
      expect(share).toBeGreaterThan(0.18);
      expect(share).toBeLessThan(0.22);
    },
  );

  it('knows which packet completes the object', () => {
    const faults = { split: 1, garbage: 0.5, disconnect: 0.2, duplicate: 0.5 };
    for (const { packets, completedBy, cut } of plans(faults)) {
      const until = (count: number) => Buffer.concat(packets.slice(0, count)).toString('latin1');
      const whole = Buffer.from(object).toString('latin1');
      expect(completedBy).toBe(packets.findIndex((_, index) => until(index + 1).includes(whole)));
      expect(completedBy === -1).toBe(cut);
    }
  });

  it('is the same for the same keys, and another for the next attempt', () => {
    const all: Faults = { split: 0.5, garbage: 0.5, disconnect: 0.5, duplicate: 0.5 };
    const first = planSending(object, all, 1, 2, 3, 1);
    expect(planSending(object, all, 1, 2, 3, 1)).toEqual(first);
    const attempts = [2, 3, 4, 5].map((attempt) => planSending(object, all, 1, 2, 3, attempt));
    expect(attempts.some((plan) => !bytesOf(plan).equals(bytesOf(first)))).toBe(true);
  });
});
