import { AnswerLines, parseAnswer } from '../src/simulate/answers.js';
import { problemWith } from '../src/simulate/descriptors.js';
import { backoffMs } from '../src/simulate/gateway.js';
import { Latencies } from '../src/simulate/latency.js';
import { Memory, memorySize } from '../src/simulate/memory.js';

describe('answers', () => {
  it.each([
    ['{"ack":7}', { kind: 'ack', seq: 7 }],
    ['{"nack":8,"reason":"too hot"}', { kind: 'nack', seq: 8, reason: 'too hot' }],
    ['{"nack":8}', { kind: 'nack', seq: 8, reason: 'no reason given' }],
    ['{"ack":"7"}', { kind: 'strange', text: '{"ack":"7"}' }],
    ['HTTP/1.1 400', { kind: 'strange', text: 'HTTP/1.1 400' }],
    ['null', { kind: 'strange', text: 'null' }],
  ])('%s', (line, answer) => {
    expect(parseAnswer(line)).toEqual(answer);
  });

  it('are found however the bytes are split', () => {
    const bytes = Buffer.from(
      '{"nack":1,"reason":"größer – 🌱"}\r\n{"ack":2}\n\n{"ack":3}\n{"ack":',
    );
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const lines = new AnswerLines();
      const answers = [...lines.push(bytes.subarray(0, cut)), ...lines.push(bytes.subarray(cut))];
      expect(answers).toEqual([
        { kind: 'nack', seq: 1, reason: 'größer – 🌱' },
        { kind: 'ack', seq: 2 },
        { kind: 'ack', seq: 3 },
      ]);
    }
  });

  it('never pile up for want of a line end', () => {
    const lines = new AnswerLines();
    const answers = Array.from({ length: 100 }, () => lines.push(Buffer.alloc(1_000, 'x'))).flat();
    expect(answers.length).toBeGreaterThan(10);
    expect(answers.every((answer) => answer.kind === 'strange')).toBe(true);
  });
});

describe('latencies', () => {
  it('give quantiles that are at most 5 % too high', () => {
    const latencies = new Latencies();
    for (let latencyMs = 1_000; latencyMs >= 1; latencyMs -= 1) latencies.add(latencyMs);
    for (const part of [0.01, 0.5, 0.9, 0.99, 1]) {
      const quantileMs = latencies.quantile(part) ?? 0;
      expect(quantileMs).toBeGreaterThanOrEqual(part * 1_000 * 0.999);
      expect(quantileMs).toBeLessThanOrEqual(part * 1_000 * 1.051);
    }
  });

  it('count what is too short for the clock, and know nothing when empty', () => {
    const latencies = new Latencies();
    expect(latencies.quantile(0.5)).toBeUndefined();
    latencies.add(0);
    expect(latencies.quantile(0.5)).toBeCloseTo(0.1);
  });
});

describe('a gateway’s memory', () => {
  const reading = (seq: number) => ({ sensor: 0, timeMs: seq, seq });

  it.each([
    [1, 5_000, 100],
    [1, 100, 600],
    [1, 10, 1_000],
    [500, 5_000, 5_500],
    [1_000, 50, 30_000],
  ])('of %d sensors every %d ms holds %d readings', (sensors, intervalMs, size) => {
    expect(memorySize(sensors, intervalMs)).toBe(size);
  });

  it('takes no more than it holds, waiting and on their way together', () => {
    const memory = new Memory(2);
    expect([1, 2, 3].map((seq) => memory.hold(reading(seq)))).toEqual([true, true, false]);
    const first = memory.takeNext();
    expect(memory.hold(reading(4))).toBe(false);
    if (first !== undefined) memory.forget(first);
    expect(memory.hold(reading(5))).toBe(true);
  });

  it('takes back what was on its way, in the order it was measured', () => {
    const memory = new Memory(10);
    for (const seq of [1, 2, 3, 4]) memory.hold(reading(seq));
    const taken = [memory.takeNext(), memory.takeNext(), memory.takeNext()];
    const second = memory.findOnItsWay(2);
    expect(second).toBe(taken[1]);
    if (second !== undefined) memory.forget(second);
    memory.takeBack();
    expect(memory.onTheirWay).toBe(0);
    expect(
      [memory.takeNext(), memory.takeNext(), memory.takeNext()].map((held) => held?.seq),
    ).toEqual([1, 3, 4]);
  });
});

describe('reconnecting', () => {
  it.each([
    [1, 1_000],
    [2, 2_000],
    [5, 16_000],
    [6, 30_000],
    [60, 30_000],
  ])('waits after failure %d for %d ms, a fifth more or less', (failures, pauseMs) => {
    expect(backoffMs(failures, 0)).toBeCloseTo(pauseMs * 0.8);
    expect(backoffMs(failures, 0.5)).toBeCloseTo(pauseMs);
    expect(backoffMs(failures, 1)).toBeCloseTo(pauseMs * 1.2);
  });
});

describe('the limit of open files', () => {
  const limits =
    'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files\n';

  it.each([
    ['low', limits, 10_000, /10000 gateways need 10064 open files.*may open 1024.*ulimit -n 10064/],
    ['high enough', limits, 960, undefined],
    [
      'none',
      'Max open files            unlimited            unlimited            files',
      9,
      undefined,
    ],
    ['unknown', '', 10_000, undefined],
  ])('%s', (_name, text, connections, expected) => {
    const problem = problemWith(text, connections);
    if (expected === undefined) expect(problem).toBeUndefined();
    else expect(problem).toMatch(expected);
  });
});
