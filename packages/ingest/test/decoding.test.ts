/** What becomes of an object: the row of a reading, or a reject with its reason; and its answer. */
import fc from 'fast-check';
import type { StoredReading } from '@zdenergy/storage';
import type { DecoderSettings } from '../src/decoding.js';
import { defaults, Gateway, receivedAtUs } from './gateway.js';

const us = (iso: string): number => Date.parse(iso) * 1_000;

/** A reading's row; what is not given is as in the frame of the same fields below. */
const row = (different: Partial<StoredReading>): StoredReading => ({
  sensorId: 'a',
  timeUs: us('2025-10-02T17:58:37Z'),
  temperature: 24.1,
  humidity: null,
  lux: null,
  irradiance: null,
  extra: null,
  receivedAtUs,
  ...different,
});

const at = '"time":"2025-10-02 17:58:37"';
/** An object with an id, a time, a temperature and whatever else is given. */
const frame = (more: string): string => `{"id":"a",${at},"temp":24.10${more}}`;

/** Sends one object over each way and gives the gateway, having seen that both ways agree. */
function send(sent: string | Buffer, settings: Partial<DecoderSettings> = {}): Gateway {
  const short = new Gateway(settings).send(sent);
  const long = new Gateway(settings, 'long way only').send(sent);
  expect(short.batch.readings.rows.equals(long.batch.readings.rows)).toBe(true);
  expect(short.rejects).toEqual(long.rejects);
  expect(short.answers).toEqual(long.answers);
  expect(short.decoder.counts).toEqual(long.decoder.counts);
  expect(short.readings.length + short.rejects.length).toBe(1);
  return short;
}

const reading = (sent: string, settings: Partial<DecoderSettings> = {}): StoredReading => {
  const { readings, rejects } = send(sent, settings);
  expect(rejects).toEqual([]);
  return readings[0];
};

const reason = (sent: string | Buffer, settings: Partial<DecoderSettings> = {}): string => {
  const { readings, rejects, decoder } = send(sent, settings);
  expect(readings).toEqual([]);
  expect(decoder.counts).toEqual({ readings: 0, rejected: 1, timesReplaced: 0 });
  return rejects[0].reason;
};

describe('frames as gateways send them', () => {
  it.each<[string, Partial<StoredReading>]>([
    [
      '{"id":"e4643048d7292c2e","time":"2025-10-02 17:58:37","temp":24.10,"rh":50.50,"lux":546.60}',
      { sensorId: 'e4643048d7292c2e', humidity: 50.5, lux: 546.6, irradiance: 546.6 / 127 },
    ],
    [
      '{"id":"office-1","time":"2015-02-04 17:51:00","temp":23.18,"rh":27.272,"lux":426.0}',
      {
        sensorId: 'office-1',
        timeUs: us('2015-02-04T17:51:00Z'),
        temperature: 23.18,
        humidity: 27.272,
        lux: 426,
        irradiance: 426 / 127,
      },
    ],
    [`{"temp": 24.1, "id": "a", ${at}, "lux": 0}`, { lux: 0, irradiance: 0 }],
    [`{ "id": "a", ${at}, "temp": -24.1 }`, { temperature: -24.1 }],
    [frame(',"battery":3.71,"rssi":-67'), { extra: '{"battery":3.71,"rssi":-67}' }],
    [frame(',"fw":"1.2.0","ok":true,"err":null'), { extra: '{"fw":"1.2.0","ok":true,"err":null}' }],
    [
      frame(',"gps":{"lat":52.5,"lon":[13.40, 1]}'),
      { extra: '{"gps":{"lat":52.5,"lon":[13.40, 1]}}' },
    ],
    [
      `{"id":"a","time":"2025-10-02T17:58:37.250Z","temp":"24.10","rh":null}`,
      { timeUs: us('2025-10-02T17:58:37.250Z') },
    ],
    [`{"id":"a","time":1759427917,"temp":24.1}`, {}],
    [`{"id":"Küche 🌡️",${at},"temp":24.1}`, { sensorId: 'Küche 🌡️' }],
  ])('%s', (sent, expected) => {
    expect(reading(sent)).toEqual(row(expected));
  });

  it('takes the usual ones by the short way, others by the long one', () => {
    const usual = ['', ',"rh":50.50,"lux":546.60', ',"battery":3.71,"fw":"1.2","ok":false'];
    expect(new Gateway().send(...usual.map(frame)).usual).toBe(usual.length);
    const unusual = [
      ',"gps":{}',
      ',"note":"ü"',
      ',"lux":"1"',
      ',"n":1e5',
      ',"a":1,"a":1',
      ',"rh" :1',
    ];
    const gateway = new Gateway().send(...unusual.map(frame));
    expect(gateway.usual).toBe(0);
    expect(gateway.readings).toHaveLength(unusual.length);
  });

  it('notes who sent what when', () => {
    const gateway = new Gateway().send(frame(''), frame(''), '{"temp":"x"}');
    expect(gateway.batch.origins).toEqual([{ peer: gateway.peer, readings: 2 }]);
    expect(gateway.rejects).toEqual([
      {
        rejectedAtUs: receivedAtUs,
        peer: gateway.peer,
        reason: 'temp is not a number: "x"',
        raw: '{"temp":"x"}',
      },
    ]);
    expect(gateway.decoder.counts).toEqual({ readings: 2, rejected: 1, timesReplaced: 0 });
  });
});

describe('measurements', () => {
  it.each([
    ['24.10', 24.1],
    ['-0.5', -0.5],
    ['-0', -0],
    ['0', 0],
    ['1e-3', 0.001],
    ['2.5E+2', 250],
    ['1e-999', 0],
    ['0.1000000000000000055511151231257827', 0.1],
    ['123456789012345', 123_456_789_012_345],
    ['1234567890123456', 1_234_567_890_123_456],
    ['9007199254740993', 9_007_199_254_740_992],
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ['null', null],
    ['"24.10"', 24.1],
    ['" 24.10\\n"', 24.1],
    ['"+5"', 5],
    ['".5"', 0.5],
    ['"5."', 5],
    ['"1e2"', 100],
  ])('%s is %p', (sent, expected) => {
    expect(reading(`{"id":"a",${at},"temp":1,"rh":${sent}}`).humidity).toBe(expected);
    expect(reading(`{"id":"a",${at},"temp":${sent},"x":1}`).temperature).toBe(expected);
  });

  it.each([
    ['"n/a"', 'rh is not a number: "n/a"'],
    ['""', 'rh is not a number: ""'],
    ['" "', 'rh is not a number: " "'],
    ['"0x10"', 'rh is not a number: "0x10"'],
    ['"24,1"', 'rh is not a number: "24,1"'],
    ['"NaN"', 'rh is not a number: "NaN"'],
    ['"Infinity"', 'rh is not a number: "Infinity"'],
    ['"1 2"', 'rh is not a number: "1 2"'],
    ['true', 'rh is not a number: true'],
    ['false', 'rh is not a number: false'],
    ['[24]', 'rh is not a number: [24]'],
    ['{"v":24}', 'rh is not a number: {"v":24}'],
    ['1e999', 'rh is too large a number (1.7976931348623157e+308 is the largest)'],
    ['-1e999', 'rh is too large a number (1.7976931348623157e+308 is the largest)'],
    ['"1e999"', 'rh is too large a number (1.7976931348623157e+308 is the largest)'],
  ])('%s rejects the object', (sent, expected) => {
    expect(reason(`{"id":"a",${at},"temp":1,"rh":${sent}}`)).toBe(expected);
  });

  it.each(['temp', 'rh', 'lux', 'irradiance'])('names the field: %s', (name) => {
    expect(reason(`{"${name}":"n/a"}`)).toBe(`${name} is not a number: "n/a"`);
  });

  it('derives the irradiance only where it is missing and lux is there', () => {
    const irradiance = (more: string, settings = {}): number | null =>
      reading(frame(more), settings).irradiance;
    expect(irradiance(',"lux":254')).toBe(2);
    expect(irradiance(',"lux":254,"irradiance":null')).toBe(2);
    expect(irradiance(',"lux":254,"irradiance":9.5')).toBe(9.5);
    expect(irradiance(',"lux":254,"irradiance":0')).toBe(0);
    expect(irradiance(',"irradiance":"9.5"')).toBe(9.5);
    expect(irradiance(',"lux":null')).toBeNull();
    expect(irradiance(',"lux":-254')).toBe(-2);
    expect(irradiance(',"lux":250', { luxPerWm2: 100 })).toBe(2.5);
  });

  it.each([
    '{}',
    '{"id":"a"}',
    `{"id":"a",${at}}`,
    '{"temp":null,"rh":null}',
    `{"id":"a","time":"never"}`,
  ])('%s has none, and no other field: rejected', (sent) => {
    expect(reason(sent)).toBe('it has neither a measurement nor any other field');
  });

  it.each(['{"x":null}', '{"door":"open"}'])('%s has none, but another field: kept', (sent) => {
    expect(reading(sent)).toMatchObject({ temperature: null, extra: sent });
  });
});

describe('ids', () => {
  it.each([
    ['"e4643048d7292c2e"', 'e4643048d7292c2e'],
    ['"a b/c"', 'a b/c'],
    ['"\\u0041\\n"', 'A\n'],
    ['"\\ud83d\\ude00"', '😀'],
    ['7', '7'],
    ['-0', '-0'],
    ['1.50', '1.50'],
    ['1e5', '1e5'],
    ['9007199254740993', '9007199254740993'],
    ['1e999', '1e999'],
    ['null', 'unknown'],
    [`"${'x'.repeat(100)}"`, 'x'.repeat(100)],
    [`"${'🌡'.repeat(100)}"`, '🌡'.repeat(100)],
  ])('%s is %p', (sent, expected) => {
    expect(reading(`{"id":${sent},${at},"temp":24.1}`)).toEqual(row({ sensorId: expected }));
  });

  it('is "unknown" where it is missing', () => {
    expect(reading(`{${at},"temp":24.1}`)).toEqual(row({ sensorId: 'unknown' }));
  });

  it.each([
    ['""', 'id is empty'],
    [`"${'x'.repeat(101)}"`, 'id has 101 characters; 100 are the most'],
    [`"${'🌡'.repeat(101)}"`, 'id has 101 characters; 100 are the most'],
    ['9'.repeat(101), 'id has 101 characters; 100 are the most'],
    ['"a\\u0000b"', 'id contains a NUL character'],
    ['"\\ud83d"', 'id contains half a surrogate pair'],
    ['"\\ude00\\ud83d"', 'id contains half a surrogate pair'],
    ['true', 'id is neither a text nor a number'],
    ['["a"]', 'id is neither a text nor a number'],
    ['{}', 'id is neither a text nor a number'],
  ])('%s rejects the object', (sent, expected) => {
    expect(reason(`{"id":${sent},${at},"temp":24.1}`)).toBe(expected);
  });
});

describe('times', () => {
  it.each([
    ['UTC', '"2025-10-02 17:58:37"', '2025-10-02T17:58:37Z'],
    ['UTC', '"2025-10-02T17:58:37"', '2025-10-02T17:58:37Z'],
    ['Europe/Berlin', '"2025-10-02 17:58:37"', '2025-10-02T15:58:37Z'],
    ['Europe/Berlin', '"2025-01-15 12:00:00"', '2025-01-15T11:00:00Z'],
    ['Europe/Berlin', '"2025-03-30 01:59:59"', '2025-03-30T00:59:59Z'],
    ['Europe/Berlin', '"2025-03-30 02:30:00"', '2025-03-30T01:30:00Z'],
    ['Europe/Berlin', '"2025-03-30 03:00:00"', '2025-03-30T01:00:00Z'],
    ['Europe/Berlin', '"2024-10-27 02:30:00"', '2024-10-27T00:30:00Z'],
    ['Europe/Berlin', '"2024-10-27 03:00:00"', '2024-10-27T02:00:00Z'],
    ['America/New_York', '"2025-03-09 02:30:00"', '2025-03-09T07:30:00Z'],
    ['Australia/Lord_Howe', '"2024-10-06 02:15:00"', '2024-10-05T15:45:00Z'],
    ['Australia/Lord_Howe', '"2024-10-06 02:45:00"', '2024-10-05T15:45:00Z'],
    ['Asia/Kathmandu', '"2025-01-01 05:45:00"', '2025-01-01T00:00:00Z'],
    ['Europe/Berlin', '"2025-10-02 17:58:37Z"', '2025-10-02T17:58:37Z'],
    ['Europe/Berlin', '"2025-10-02T17:58:37.5z"', '2025-10-02T17:58:37.500Z'],
    ['Europe/Berlin', '"2025-10-02T17:58:37+00:00"', '2025-10-02T17:58:37Z'],
    ['UTC', '"2025-10-02T17:58:37+02:00"', '2025-10-02T15:58:37Z'],
    ['UTC', '"2025-10-02 17:58:37 -0330"', '2025-10-02T21:28:37Z'],
    ['UTC', '"2025-10-02 17:58:37+05"', '2025-10-02T12:58:37Z'],
    ['UTC', '"2024-02-29 00:00:00"', '2024-02-29T00:00:00Z'],
    ['UTC', '"2015-01-01 00:00:00"', '2015-01-01T00:00:00Z'],
    ['UTC', '"2025-10-03 18:00:00"', '2025-10-03T18:00:00Z'],
    ['UTC', '1759427917', '2025-10-02T17:58:37Z'],
    ['UTC', '1759427917.25', '2025-10-02T17:58:37.250Z'],
    ['UTC', '1759427917250', '2025-10-02T17:58:37.250Z'],
    ['UTC', '"1759427917"', '2025-10-02T17:58:37Z'],
    ['Europe/Berlin', '1759427917', '2025-10-02T17:58:37Z'],
  ])('in %s %s is %s', (sensorTimeZone, sent, instant) => {
    const read = reading(`{"id":"a","time":${sent},"temp":24.1}`, { sensorTimeZone });
    expect(new Date(read.timeUs / 1_000)).toEqual(new Date(instant));
    expect(read.extra).toBeNull();
  });

  it('keeps microseconds', () => {
    expect(reading(`{"id":"a","time":"2025-10-02 17:58:37.123456","temp":24.1}`).timeUs).toBe(
      us('2025-10-02T17:58:37Z') + 123_456,
    );
  });

  it.each([
    '"never"',
    '""',
    '"2025-10-02"',
    '"02.10.2025 17:58:37"',
    '"2025-13-02 17:58:37"',
    '"2025-02-29 00:00:00"',
    '"2025-10-02 24:00:00"',
    '"2025-10-02 17:60:00"',
    '"2025-10-02 17:58:60"',
    '"2025-10-02 17:58"',
    '"2025-10-02 17:58:37+99:00"',
    '"2014-12-31 23:59:59"',
    '"1970-01-01 00:00:00"',
    '"0000-00-00 00:00:00"',
    '"2025-10-03 18:00:01"',
    '"2125-10-02 17:58:37"',
    '0',
    '-1',
    '1e999',
    '12345',
    '1759427917250000',
    'true',
    '[2025,10,2]',
    '{"$date":1}',
    `"${'1'.repeat(5_000)}"`,
  ])('%s is replaced by the time of receipt and kept', (sent) => {
    const gateway = send(`{"id":"a","time":${sent},"temp":24.10,"x":1}`);
    expect(gateway.readings).toEqual([
      row({ timeUs: receivedAtUs, extra: `{"x":1,"device_time":${sent}}` }),
    ]);
    expect(gateway.decoder.counts).toEqual({ readings: 1, rejected: 0, timesReplaced: 1 });
  });

  it.each(['{"id":"a","temp":24.1}', '{"id":"a","time":null,"temp":24.1}'])(
    '%s has none: the time of receipt, with nothing to keep',
    (sent) => {
      const gateway = send(sent);
      expect(gateway.readings).toEqual([row({ timeUs: receivedAtUs })]);
      expect(gateway.decoder.counts.timesReplaced).toBe(1);
    },
  );

  it.each([
    ['"\\u0000"', '"\\"\\\\u0000\\""'],
    ['["\\ud83d"]', '"[\\"\\\\ud83d\\"]"'],
    ['1e999999', '"1e999999"'],
  ])('never throws a reading away for its clock: %s becomes a text', (sent, kept) => {
    expect(reading(`{"id":"a","time":${sent},"temp":24.1}`)).toEqual(
      row({ timeUs: receivedAtUs, extra: `{"device_time":${kept}}` }),
    );
    expect(JSON.parse(JSON.parse(kept) as string)).toEqual(JSON.parse(sent));
  });

  it('never gives the same time of receipt twice', () => {
    const gateway = new Gateway();
    for (let burst = 0; burst < 3; burst += 1) gateway.send('{"temp":1}'.repeat(100));
    const times = gateway.readings.map(({ timeUs }) => timeUs);
    expect(new Set(times).size).toBe(300);
    expect(Math.min(...times)).toBe(receivedAtUs);
    expect(Math.max(...times)).toBe(receivedAtUs + 299);
  });

  it('never gives the same time of receipt in two processes', () => {
    const times = [0, 1, 2].flatMap((index) => {
      const gateway = new Gateway({}, 'both ways', undefined, { index, count: 3 });
      for (let burst = 0; burst < 3; burst += 1) gateway.send('{"temp":1}'.repeat(100));
      return gateway.readings.map(({ timeUs }) => timeUs);
    });
    expect(new Set(times).size).toBe(900);
    expect(Math.max(...times) - Math.min(...times)).toBe(899);
    expect(Math.abs(Math.min(...times) - receivedAtUs)).toBeLessThan(3);
  });

  it('goes by CLOCK_SKEW_FUTURE', () => {
    const sent = '{"id":"a","time":"2025-10-02 18:00:01","temp":24.1}';
    expect(reading(sent, { clockSkewFutureMs: 1_000 }).extra).toBeNull();
    expect(reading(sent, { clockSkewFutureMs: 999 }).extra).toBe(
      '{"device_time":"2025-10-02 18:00:01"}',
    );
  });
});

describe('other fields', () => {
  it.each([
    ['"n":9007199254740993', '"n":9007199254740993'],
    ['"n":1e5', '"n":1e5'],
    ['"n":1.50', '"n":1.50'],
    ['"n":-0.0', '"n":-0.0'],
    ['"n":1e999', '"n":1e999'],
    ['"n":0.1000000000000000055511151231257827', '"n":0.1000000000000000055511151231257827'],
    [`"n":${'9'.repeat(1_000)}`, `"n":${'9'.repeat(1_000)}`],
    ['"n":1e131071', '"n":1e131071'],
    ['"n":1e-16383', '"n":1e-16383'],
    ['"s":"a\\u0041\\/\\"\\\\"', '"s":"a\\u0041\\/\\"\\\\"'],
    ['"s":"\\ud83d\\ude00"', '"s":"\\ud83d\\ude00"'],
    ['"s":"\\\\u0000 is no escape"', '"s":"\\\\u0000 is no escape"'],
    ['"s":"Grüße 😀"', '"s":"Grüße 😀"'],
    ['"s":"e1 2e999999"', '"s":"e1 2e999999"'],
    ['"\\u0041":1', '"A":1'],
    ['"":1', '"":1'],
    ['"Temp":1', '"Temp":1'],
    ['"__proto__":{"temp":5}', '"__proto__":{"temp":5}'],
    ['"constructor":"x"', '"constructor":"x"'],
    ['"toString":null', '"toString":null'],
    ['"o" : { "a" : [ 1 , "}" , {} ] } ', '"o":{ "a" : [ 1 , "}" , {} ] }'],
    ['"x":1,"x":2', '"x":2'],
    ['"o":{"a":1,"a":2}', '"o":{"a":1,"a":2}'],
    ['"seq":5', '"seq":5'],
    ['"device_time":"mine"', '"device_time":"mine"'],
  ])('%s is kept as {%s}', (sent, kept) => {
    expect(reading(frame(`,${sent}`))).toEqual(row({ extra: `{${kept}}` }));
  });

  it('a column that is repeated counts the last time', () => {
    expect(reading(`{"id":"x","id":"a",${at},"temp":"n/a","temp":24.1}`)).toEqual(row({}));
    expect(reason(`{"id":"a",${at},"temp":24.1,"temp":"n/a"}`)).toMatch(/temp is not a number/);
  });

  it.each([
    ['"s":"a\\u0000"', 's contains a NUL character'],
    ['"s":["a",{"b":"\\u0000"}]', 's contains a NUL character'],
    ['"s":{"\\u0000":1}', 's contains a NUL character'],
    ['"s":{"a":"\\u0000","a":1}', 's contains a NUL character'],
    ['"a\\u0000":1', 'the name of a field contains a NUL character'],
    ['"s":"\\ud83d"', 's contains half a surrogate pair'],
    ['"s":"\\ud83d\\\\ude00"', 's contains half a surrogate pair'],
    ['"s":{"x":["\\ude00"]}', 's contains half a surrogate pair'],
    ['"\\ud83d":1', 'the name of a field contains half a surrogate pair'],
    ['"n":1e131072', 'n contains a number with too many digits'],
    ['"n":[1,-2.5e+999999]', 'n contains a number with too many digits'],
    ['"n":1.0e-16383', 'n contains a number with too many digits'],
    ['"n":1e-99999999999999999999', 'n contains a number with too many digits'],
    [`"n":0.${'1'.repeat(16_384)}`, 'n contains a number with too many digits'],
  ])('%s is none that Postgres can hold: rejected', (sent, expected) => {
    expect(reason(frame(`,${sent}`))).toBe(expected);
  });

  it.each([15, 16, 17, 40])(
    '%d of them are kept, and one that is repeated counts once',
    (count) => {
      const fields = Array.from({ length: count }, (_, index) => `"field${index}":${index}`);
      expect(reading(frame(`,${fields.join(',')}`)).extra).toBe(`{${fields.join(',')}}`);
      const repeated = `"field${count - 1}":"again"`;
      expect(reading(frame(`,${fields.join(',')},${repeated}`)).extra).toBe(
        `{${[...fields.slice(0, -1), repeated].join(',')}}`,
      );
    },
  );

  it('are kept whatever their length', () => {
    for (let length = 990; length < 1_050; length += 1) {
      const field = `"note":"${'x'.repeat(length)}"`;
      expect(reading(frame(`,${field}`)).extra).toBe(`{${field}}`);
    }
  });

  it('takes as many digits as Postgres holds', () => {
    const sent = `"n":0.${'1'.repeat(16_383)}`;
    expect(reading(frame(`,${sent}`)).extra).toBe(`{${sent}}`);
  });
});

describe('what is no reading', () => {
  it.each([
    ['{"temp":NaN}', /^no JSON object: .*NaN/],
    ['{"id":"\\x41","temp":1}', /^no JSON object: Bad escaped character/],
    ['{"temp":01}', /^no JSON object: /],
    ['{"temp":1.}', /^no JSON object: /],
    ['{"temp":+1}', /^no JSON object: /],
    ['{"temp":True}', /^no JSON object: /],
    ['{"gps":{"lat":1.5,"lon":2.5},"temp":nan}', /^no JSON object: /],
  ])('%s is rejected as a whole', (sent, expected) => {
    expect(reason(sent)).toMatch(expected);
    expect(send(sent).rejects[0].raw).toBe(sent);
  });

  it('rejects what is no UTF-8, and shows its bytes', () => {
    const sent = Buffer.from('{"id":"K\xfcche\xff","temp":1}', 'latin1');
    expect(reason(sent)).toBe('it is not valid UTF-8');
    expect(send(sent).rejects[0].raw).toBe('{"id":"K\\xfcche\\xff","temp":1}');
  });

  it.each([
    ['overlong NUL', 'c080'],
    ['an encoded surrogate', 'eda080'],
    ['beyond Unicode', 'f4908080'],
    ['a character cut short', 'e282'],
  ])('knows no UTF-8: %s', (_what, hex) => {
    const sent = Buffer.concat([
      Buffer.from('{"id":"'),
      Buffer.from(hex, 'hex'),
      Buffer.from('"}'),
    ]);
    expect(reason(sent)).toBe('it is not valid UTF-8');
  });

  it('shows a NUL that came raw', () => {
    const [reject] = new Gateway().send('{"id":"a",\0\n').rejects;
    expect(reject.raw).toBe('{"id":"a",\\x00');
    expect(reject.reason).toBe('no JSON object: unexpected "\\u0000" at byte 10');
  });

  it('shows the beginning of what is too large, cut between characters', () => {
    const sent = `{"id":"${'ü'.repeat(1_000)}"}`;
    const [{ raw, reason: why }] = new Gateway({}, 'both ways', 1_000).send(sent).rejects;
    expect(why).toBe('larger than 1000 bytes (MAX_FRAME_BYTES)');
    expect(raw).toBe(`{"id":"${'ü'.repeat(496)}… (1010 bytes more)`);
  });

  it('gives a reason of one line and bounded length, whatever it quotes', () => {
    const name = 'x'.repeat(1_000);
    expect(reason(`{"${name}":"\\u0000"}`)).toBe(`${'x'.repeat(300)}…`);
    expect(reason('{"a\\n\\u001b[31m":"\\u0000"}')).toBe('a [31m contains a NUL character');
    expect(reason('{"a":1,\n"temp":nan}')).not.toMatch(/\p{Cc}/u);
  });

  it('takes no longer than its bytes deserve', () => {
    const startedAtMs = performance.now();
    expect(reason(frame(`,"rh":"${'1'.repeat(60_000)}x"`))).toMatch(/rh is not a number/);
    reading(`{"id":"a","time":"2025-10-02 17:58:37${' '.repeat(60_000)}x","temp":1}`);
    reading(frame(`,"s":"${'\\\\'.repeat(30_000)}\\u0041"`));
    expect(performance.now() - startedAtMs).toBeLessThan(2_000);
  });
});

describe('answers', () => {
  const on = { tcpAck: true };

  it('come only with TCP_ACK=on', () => {
    const gateway = send(frame(',"seq":1'));
    expect(gateway.answers).toEqual([]);
    expect(gateway.readings[0].extra).toBe('{"seq":1}');
  });

  it.each([
    '1',
    '0',
    '-5',
    '1.50',
    '1e5',
    '9007199254740993',
    '1e999',
    '"a"',
    '"\\u0041\\/"',
    '"ü"',
    '""',
  ])('echo seq exactly: %s', (seq) => {
    const gateway = send(frame(`,"seq":${seq}`), on);
    expect(gateway.answers).toEqual([`ack ${seq}`]);
    expect(gateway.readings).toEqual([row({})]);
  });

  it.each(['null', 'true', '[1]', '{"a":1}'])('a seq of %s gets none, and is kept', (seq) => {
    const gateway = send(frame(`,"seq":${seq}`), on);
    expect(gateway.answers).toEqual([]);
    expect(gateway.readings).toEqual([row({ extra: `{"seq":${seq}}` })]);
  });

  it('a seq that is far too long gets none, and is kept', () => {
    const longest = `"${'x'.repeat(254)}"`;
    expect(send(frame(`,"seq":${longest}`), on).answers).toEqual([`ack ${longest}`]);
    const tooLong = `"${'x'.repeat(255)}"`;
    const gateway = send(frame(`,"seq":${tooLong}`), on);
    expect(gateway.answers).toEqual([]);
    expect(gateway.readings).toEqual([row({ extra: `{"seq":${tooLong}}` })]);
  });

  it('an object without seq gets none', () => {
    expect(send(frame(''), on).answers).toEqual([]);
  });

  it.each([
    ['{"seq":7,"temp":"n/a"}', 'nack 7: temp is not a number: "n/a"'],
    ['{"seq":"s"}', 'nack "s": it has neither a measurement nor any other field'],
    ['{"seq":1,"seq":2,"id":""}', 'nack 2: id is empty'],
  ])('%s is refused with the reason', (sent, expected) => {
    expect(send(sent, on).answers).toEqual([expected]);
  });

  it('are also due for what is no UTF-8', () => {
    const sent = Buffer.from('{"seq":7,"id":"\xff"}', 'latin1');
    expect(send(sent, on).answers).toEqual(['nack 7: it is not valid UTF-8']);
  });

  it('come in the order of the objects', () => {
    const gateway = new Gateway(on).send(
      [1, 2, 3].map((seq) => `{"seq":${seq},"temp":${seq === 2 ? '"x"' : '1'}}\n`).join(''),
    );
    expect(gateway.answers).toEqual(['ack 1', 'nack 2: temp is not a number: "x"', 'ack 3']);
  });
});

describe('the short way', () => {
  const digits = fc.string({
    unit: fc.constantFrom(...Array.from('0123456789')),
    minLength: 1,
    maxLength: 17,
  });
  const number = fc.oneof(
    fc.tuple(fc.constantFrom('', '-', '+'), digits).map((parts) => parts.join('')),
    fc
      .tuple(fc.constantFrom('', '-'), digits, fc.constantFrom('.', ',', '..'), digits)
      .map((parts) => parts.join('')),
    fc.tuple(digits, fc.constantFrom('e', 'E', 'e+', 'e-'), digits).map((parts) => parts.join('')),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
    fc.double({ min: -50, max: 2_000, noNaN: true }).map((value) => value.toFixed(2)),
    fc.constantFrom(
      '0',
      '-0',
      '0.0',
      '.5',
      '5.',
      '',
      '00',
      '1e5',
      'NaN',
      'null',
      '"1.5"',
      '999999999999999',
      '9999999999999999',
    ),
  );
  const two = (max: number): fc.Arbitrary<string> =>
    fc.integer({ min: 0, max }).map((value) => String(value).padStart(2, '0'));
  const time = fc.oneof(
    fc
      .date({
        min: new Date('2014-12-30T00:00:00Z'),
        max: new Date('2025-10-05T00:00:00Z'),
        noInvalidDate: true,
      })
      .map((date) => JSON.stringify(date.toISOString().slice(0, 19).replace('T', ' '))),
    // Hours around changes of the offset in the zones below, days and hours that are none.
    fc
      .tuple(
        fc.constantFrom(
          '2025-03-30',
          '2024-10-27',
          '2025-03-09',
          '2024-11-03',
          '2024-10-06',
          '2025-04-06',
          '2025-02-29',
          '2025-00-10',
          '2025-04-31',
        ),
        fc.constantFrom(' ', 'T', 't', '_'),
        two(25),
        two(61),
        two(61),
        fc.constantFrom('', '', '', 'Z', '.5', '+02'),
      )
      .map(
        ([day, separator, hour, minute, second, rest]) =>
          `"${day}${separator}${hour}:${minute}:${second}${rest}"`,
      ),
    fc.constantFrom(
      '1759427917',
      'null',
      '"2025-10-02 17:5x:37"',
      '"2025-10-02 17:58:3"',
      '"2025-10-02  7:58:37"',
    ),
  );
  const id = fc.oneof(
    fc.string({ maxLength: 102 }).map((value) => JSON.stringify(value)),
    fc.string({ unit: 'binary', maxLength: 4 }).map((value) => JSON.stringify(value)),
    fc.constantFrom('"a"', '""', '7', '"\\u0041"', `"${'x'.repeat(100)}"`, `"${'x'.repeat(101)}"`),
  );
  const name = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('temp', 'rh', 'lux', 'irradiance') },
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        'seq',
        'battery',
        'temp2',
        'tem',
        'idx',
        'times',
        'luxx',
        'irr',
        '"id"',
        'Temp',
        '',
        'ü',
      ),
    },
    { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
  );
  const value = fc.oneof(
    { weight: 8, arbitrary: number },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        'true',
        'false',
        'null',
        'tru',
        'nul',
        'nullx',
        '""',
        '"text"',
        '"a\\n"',
        '{}',
        '[1]',
      ),
    },
    { weight: 1, arbitrary: fc.string().map((text) => JSON.stringify(text)) },
  );
  const space = fc.constantFrom('', '', '', ' ', '  ', '\t', '\n');
  const member = fc
    .oneof(
      { weight: 1, arbitrary: id.map((text) => ['id', text]) },
      { weight: 1, arbitrary: time.map((text) => ['time', text]) },
      { weight: 4, arbitrary: fc.tuple(name, value) },
    )
    .chain(([key, text]) =>
      fc
        .tuple(space, space, space, space)
        .map(
          (spaces) =>
            `${spaces[0]}${JSON.stringify(key)}${spaces[1]}:${spaces[2]}${text}${spaces[3]}`,
        ),
    );
  const decimal = fc.double({ min: -50, max: 2_000, noNaN: true }).map((each) => each.toFixed(2));
  const plainMember = fc
    .tuple(
      fc.constantFrom('temp', 'rh', 'lux', 'irradiance', 'seq', 'battery', 'tem', 'luxx'),
      fc.oneof({ weight: 8, arbitrary: decimal }, { weight: 1, arbitrary: number }),
      fc.constantFrom('', ' '),
    )
    .map(([key, text, gap]) => `"${key}":${gap}${text}`);
  /** About half of these are usual, and most others but for one thing. */
  const object = fc
    .tuple(
      fc.oneof(time, fc.constant('"2025-10-02 17:58:37"')),
      fc.array(fc.oneof({ weight: 12, arbitrary: plainMember }, { weight: 1, arbitrary: member }), {
        maxLength: 6,
      }),
      fc.constantFrom(true, true, true, true, false),
    )
    .chain(([sentTime, members, hasOwn]) =>
      fc.shuffledSubarray([...(hasOwn ? ['"id":"a"', `"time":${sentTime}`] : []), ...members], {
        minLength: members.length + (hasOwn ? 2 : 0),
      }),
    )
    .map((members) => `{${members.join(',')}}`);

  it.each([
    ['UTC', false],
    ['Europe/Berlin', true],
    ['America/New_York', false],
    ['Australia/Lord_Howe', true],
  ])('gives the very same rows as the long way (%s, TCP_ACK %p)', (sensorTimeZone, tcpAck) => {
    const settings = { ...defaults, sensorTimeZone, tcpAck };
    const short = new Gateway(settings);
    const long = new Gateway(settings, 'long way only');
    let nowUs = receivedAtUs;
    fc.assert(
      fc.property(fc.array(object, { minLength: 1, maxLength: 3 }), (objects) => {
        nowUs += 1_000_000;
        for (const gateway of [short, long]) {
          gateway.reconnect(65_536, nowUs);
          gateway.send(objects.join('\n'));
        }
        expect(short.batch.readings.rows.equals(long.batch.readings.rows)).toBe(true);
        expect(short.batch.rejected.rows.equals(long.batch.rejected.rows)).toBe(true);
        expect(short.answers).toEqual(long.answers);
        expect([...short.batch.months]).toEqual([...long.batch.months]);
      }),
      { numRuns: 1_000 },
    );
    expect(short.decoder.counts).toEqual(long.decoder.counts);
    expect(short.usual).toBeGreaterThan(short.decoder.counts.readings / 5);
  });

  it('gives what JSON.parse and the row give, for any reading', () => {
    const measured = fc
      .double({ min: -1e6, max: 1e6, noNaN: true })
      .map((each) => Number(each.toFixed(4)));
    fc.assert(
      fc.property(measured, measured, measured, (temp, rh, lux) => {
        const sent = `{"id":"a",${at},"temp":${temp.toFixed(4)},"rh":${rh.toFixed(4)},"lux":${lux.toFixed(4)}}`;
        const gateway = new Gateway().send(sent);
        const parsed = JSON.parse(sent) as Record<'temp' | 'rh' | 'lux', number>;
        expect(gateway.usual).toBe(1);
        expect(gateway.readings).toEqual([
          row({
            temperature: parsed.temp,
            humidity: parsed.rh,
            lux: parsed.lux,
            irradiance: parsed.lux / 127,
          }),
        ]);
      }),
      { numRuns: 300 },
    );
  });
});
