import { timeZone } from '@zdenergy/core';
import type { RejectedReading } from '@zdenergy/storage';
import { importOrigin } from '../src/import/origin.js';
import { columns, harmless, shortened, size } from '../src/command/text.js';
import { parseArguments } from '../src/rejected/arguments.js';
import { describeFate, judgeFate, type Evidence } from '../src/rejected/fate.js';
import { details, listing } from '../src/rejected/listing.js';
import { expectation, replayHindrance } from '../src/rejected/raw-reading.js';

const reject: RejectedReading = {
  id: 7,
  rejectedAt: new Date('2025-10-02T17:58:37.125Z'),
  peer: '192.0.2.7:1234',
  reason: 'temp is not a number: "n/a"',
  raw: '{"id":"a","temp":"n/a"}',
  replayedAt: null,
};

describe('the arguments', () => {
  it('are three commands', () => {
    expect(parseArguments(['list'])).toEqual({ kind: 'list', limit: 20, reason: '' });
    expect(parseArguments(['list', '--limit', '5', '--reason', 'NUL'])).toEqual({
      kind: 'list',
      limit: 5,
      reason: 'NUL',
    });
    expect(parseArguments(['show', '12'])).toEqual({ kind: 'show', id: 12 });
    expect(parseArguments(['replay', '--again', '3', '2', '--port', '7000'])).toEqual({
      kind: 'replay',
      options: {
        selection: { kind: 'ids', ids: [3, 2] },
        again: true,
        host: undefined,
        port: 7000,
      },
    });
    expect(parseArguments(['replay', '--all', '--reason', 'time', '--host=10.0.0.2'])).toEqual({
      kind: 'replay',
      options: {
        selection: { kind: 'all', reason: 'time' },
        again: false,
        host: '10.0.0.2',
        port: undefined,
      },
    });
    expect(parseArguments(['list', '--help'])).toEqual({ kind: 'help' });
  });

  it.each([
    ['', 'say what to do: list, show or replay'],
    ['remove 3', 'say what to do: list, show or replay'],
    ['list 3', '3: list takes no number; show 3 shows one'],
    ['list --limit 0', '--limit 0: expected a number from 1 to 10000'],
    ['list --limit', '--limit: needs a value'],
    ['list --all', '--all: not with list'],
    ['show', 'show takes one number, as list shows them'],
    ['show a', 'a: expected the number of a rejected reading'],
    ['replay', 'replay takes numbers, as list shows them, or --all'],
    ['replay --all 3', 'replay takes numbers, as list shows them, or --all'],
    ['replay 3 --reason x', '--reason: only with --all'],
    ['replay 3 --port 70000', '--port 70000: expected a number from 1 to 65535'],
    ['replay 3 --force', '--force: there is no such argument'],
    ['replay --all=yes', '--all: takes no value'],
  ])('that are wrong are named: %s', (line, problem) => {
    const parsed = parseArguments(line.split(' ').filter((word) => word !== ''));
    expect(parsed).toMatchObject({ kind: 'wrong', problems: expect.arrayContaining([problem]) });
  });
});

describe('a listing', () => {
  it('has its columns below each other, and fits into the width', () => {
    const long = { ...reject, id: 12, raw: 'x'.repeat(500), reason: 'r'.repeat(300) };
    const lines = listing([long, reject], 9, 140);
    const table = lines.slice(0, 3);
    expect(new Set(table.map((line) => line.search(/raw$|x{5}|\{"id/)))).toHaveProperty('size', 1);
    expect(Math.max(...table.map(({ length }) => length))).toBe(140);
    expect(table[2]).toMatch(/^ 7 {2}2025-10-02 17:58:37Z {2}192\.0\.2\.7:1234 /);
    expect(lines.at(-1)).toMatch(/^the newest 2 of 9 rejected readings/);
  });

  it('shows replays when there are any, and says when there is nothing', () => {
    const [header] = listing([{ ...reject, replayedAt: new Date() }], 1, 140);
    expect(header).toContain('replayed at');
    expect(listing([reject], 1, 140)[0]).not.toContain('replayed at');
    expect(listing([], 0, 140)).toEqual(['Nothing was rejected.']);
    expect(listing([], 4, 140)).toEqual(['No rejected reading has such a reason.']);
  });

  it('lets nothing that was sent reach the terminal', () => {
    const evil = { ...reject, raw: 'a\u001b[2J\r\nb\tc\u202ed\u0007' };
    expect(listing([evil], 1, 200)[1]).toContain('a\\x1b[2J\\r\\nb\\tc\\u{202e}d\\x07');
    expect(details(evil).at(-1)).toBe('a\\x1b[2J\\r\nb\tc\\u{202e}d\\x07');
    expect(harmless('°C 🚀 ok', false)).toBe('°C 🚀 ok');
  });
});

describe('a raw text', () => {
  const zone = timeZone('Asia/Shanghai');
  const nowUs = Date.UTC(2025, 9, 3) * 1_000;
  const expected = (raw: string) => expectation(raw, zone, nowUs, { clockSkewFutureMs: 1_000 });

  it('tells where it will be stored, by the rules of receipt', () => {
    const timeUs = Date.UTC(2025, 9, 2, 9, 58, 37) * 1_000;
    expect(expected('{"id":"a","time":"2025-10-02 17:58:37"}')).toEqual({ sensorId: 'a', timeUs });
    expect(expected('{"id":42,"time":1759399117}')).toEqual({ sensorId: '42', timeUs });
    expect(expected('{"time":"2031-01-01 00:00:00"}')).toEqual({
      sensorId: 'unknown',
      timeUs: null,
    });
    expect(expected('{"id":"a","time":"never"}')).toEqual({ sensorId: 'a', timeUs: null });
  });

  it.each(['{"id":', '{"id":""}', '{"id":[1]}', '{"id":"\\u0000"}', 'null', '17'])(
    'that no sensor can be read from tells nothing: %s',
    (raw) => expect(expected(raw)).toBeUndefined(),
  );

  it('cannot be sent again when it is cut, or holds no object', () => {
    const hindrance = (raw: string) => replayHindrance({ ...reject, raw });
    expect(hindrance('{"id":"aaa… (4012 bytes more)')).toMatch(/too large/);
    expect(hindrance('items 3 to 5; the bytes are kept')).toMatch(/no object/);
    expect(hindrance('{"a')).toBeUndefined();
  });

  it('cannot be sent again when an import has refused it, whose fields have other names', () => {
    const peer = importOrigin('sensor_readings of old at db:5432', 'id 17');
    const raw = '{"row":"17","sensor":"a","time":"2025-10-02 17:58:37","temperature":"24,1"}';
    expect(replayHindrance({ peer, raw })).toMatch(/^it came from an import: .* again/);
  });
});

describe('the fate of a replay', () => {
  const evidence: Evidence = {
    expected: { sensorId: 'a', timeUs: Date.UTC(2025, 9, 2) * 1_000 },
    wasStored: false,
    isStored: false,
    rejects: [],
    isSettled: false,
  };
  const fate = (changed: Partial<Evidence>) => judgeFate({ ...evidence, ...changed });

  it('is what the database shows', () => {
    expect(fate({ isStored: true }).kind).toBe('stored');
    expect(fate({ rejects: [reject], isStored: true })).toMatchObject({ kind: 'rejected', id: 7 });
    expect(fate({ isSettled: true, wasStored: true, isStored: true }).kind).toBe('duplicate');
    expect(fate({ isSettled: true }).kind).toBe('unknown');
  });

  it('is not guessed before the database has accounted for it', () => {
    expect(fate({}).kind).toBe('waiting');
    const perhaps = fate({ wasStored: true, isStored: true });
    expect(perhaps).toEqual({ kind: 'waiting', wasStored: true });
    expect(describeFate(perhaps)).toContain('a duplicate, unless it is rejected later');
  });
});

it('texts and sizes are short', () => {
  expect(shortened('°C°C', 3)).toBe('°C…');
  expect([9_999, 10_400, 16_777_216, 2e9].map(size)).toEqual([
    '9,999 bytes',
    '10 KB',
    '16.8 MB',
    '2.0 GB',
  ]);
  expect(
    columns(
      [
        ['a', '1'],
        ['bb', '22'],
      ],
      [1],
    ),
  ).toEqual(['a    1', 'bb  22']);
});
