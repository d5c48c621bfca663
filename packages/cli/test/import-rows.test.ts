import { FieldRefused } from '@zdenergy/core';
import { parseArguments } from '../src/import/arguments.js';
import { mapColumns, missingColumns } from '../src/import/columns.js';
import { splitLine } from '../src/import/csv-file.js';
import { lineBlocks } from '../src/import/lines.js';
import { LocalTimes } from '../src/import/local-times.js';
import { NoTimeZone, RowReader } from '../src/import/row.js';

describe('splitLine', () => {
  it.each([
    ['a,b,c', ['a', 'b', 'c']],
    ['a,,', ['a', '', '']],
    ['"a","b, c","say ""yes"""', ['a', 'b, c', 'say "yes"']],
    ['a,"",c', ['a', '', 'c']],
    ['a,"b"', ['a', 'b']],
    ['"a",', ['a', '']],
  ])('takes %j apart', (line, cells) => {
    expect(splitLine(line)).toEqual(cells);
  });

  it.each(['a,"b', 'a,b"c', 'a,"b"c,d', '"'])('refuses %j', (line) => {
    expect(splitLine(line)).toBeUndefined();
  });
});

describe('lineBlocks', () => {
  it('ends blocks where lines end, whatever the chunks', async () => {
    const line = `${'x'.repeat(99)}\r\n`;
    const text = Buffer.from(`${line.repeat(30_000)}last`);
    const chunks = async function* (): AsyncGenerator<Buffer> {
      for (let at = 0; at < text.length; at += 77_777) yield text.subarray(at, at + 77_777);
    };
    let [lines, bytes, blocks] = [0, 0, 0];
    for await (const block of lineBlocks(chunks())) {
      lines += block.lines.length;
      bytes += block.bytes;
      blocks += 1;
      expect(block.lines[0]).toHaveLength(block.lines[0] === 'last' ? 4 : 99);
    }
    expect([lines, bytes]).toEqual([30_001, text.length]);
    expect(blocks).toBeGreaterThan(1);
  });

  it('refuses what has no lines', async () => {
    const endless = async function* (): AsyncGenerator<Buffer> {
      for (;;) yield Buffer.alloc(100_000, 'x');
    };
    await expect(lineBlocks(endless()).next()).rejects.toThrow('longer than 1 MB');
  });
});

describe('mapColumns', () => {
  const csv = [
    'Timestamp',
    'Temperature (°C)',
    'Humidity (%)',
    'Lux',
    'Irradiance (W/m²)',
    'Sensor',
  ];

  it('knows the columns of an export, also with a broken degree sign', () => {
    for (const names of [csv, csv.map((name) => name.replace(/[°²]/, '\uFFFD'))]) {
      const { columns, unused } = mapColumns(names, new Map());
      expect(Object.values(columns)).toEqual([names[5], ...names.slice(0, 5), undefined]);
      expect(unused).toEqual([]);
    }
  });

  it('knows those of a table, takes what is given, and tells what is left', () => {
    const names = ['id', 'sensor_id', 'timestamp', 'temperature', 'rh', 'brightness', 'created_at'];
    expect(mapColumns(names, new Map([['lux', 'Brightness']]))).toEqual({
      columns: {
        id: 'id',
        sensor: 'sensor_id',
        time: 'timestamp',
        temperature: 'temperature',
        humidity: 'rh',
        lux: 'brightness',
        irradiance: undefined,
      },
      unused: ['created_at'],
    });
    expect(() => mapColumns(names, new Map([['lux', 'nits']]))).toThrow(
      '--column lux=nits: there is no such column among "id"',
    );
  });

  it('says what is missing', () => {
    const problem = (names: string[], hasSensor = false): string | undefined =>
      missingColumns(mapColumns(names, new Map()).columns, names, hasSensor);
    expect(problem(csv)).toBeUndefined();
    expect(problem(csv.slice(0, 5))).toContain('--sensor ID');
    expect(problem(csv.slice(0, 5), true)).toBeUndefined();
    expect(problem(['when', 'what'])).toContain('known as sensor, nor as time, nor as temperature');
  });
});

describe('RowReader', () => {
  const rules = { sensor: undefined, luxPerWm2: 127, clockSkewFutureMs: 86_400_000 };
  const reader = (zone: string | undefined, sensor?: string): RowReader =>
    new RowReader({
      ...rules,
      sensor,
      localTimes: zone === undefined ? undefined : new LocalTimes(zone),
    });
  const time = '2025-07-01 12:00:00';

  it('reads values, derives irradiance, and takes a missing sensor for unknown', () => {
    expect(reader('Europe/Berlin').read(['A', time, '24.10', '', '254', null])).toEqual({
      sensorId: 'A',
      timeUs: Date.UTC(2025, 6, 1, 10) * 1_000,
      temperature: 24.1,
      humidity: Number.NaN,
      lux: 254,
      irradiance: 2,
    });
    expect(reader('UTC').read(["'=A", time, '1', null, null, null]).sensorId).toBe('=A');
    expect(reader('UTC').read(['', time, '1', null, null, null]).sensorId).toBe('unknown');
    expect(reader('UTC', 'mine').read([null, time, '1', null, null, null]).sensorId).toBe('mine');
  });

  it('needs no zone for times that have an offset', () => {
    const instant = Date.UTC(2025, 6, 1, 10) * 1_000;
    for (const text of ['2025-07-01 12:00:00+02', '2025-07-01T10:00:00Z', '1751364000']) {
      expect(reader(undefined).read(['A', text, '1', null, null, null]).timeUs).toBe(instant);
    }
    expect(() => reader(undefined).read(['A', time, '1', null, null, null])).toThrow(NoTimeZone);
  });

  it.each([
    [['A', time, '24,1', null, null, null], 'temp has a comma: "24,1". Decimals need a point'],
    [['A', time, 'n/a', null, null, null], 'temp is not a number: "n/a"'],
    [['A', time, null, '', null, null], 'nothing was measured'],
    [['A', '', '1', null, null, null], 'there is no time'],
    [['A', '01.07.2025 12:00', '1', null, null, null], 'time cannot be read: "01.07.2025 12:00"'],
    [['A', '2001-01-01 00:00:00', '1', null, null, null], 'time is before 2015'],
    [['A', '2225-01-01 00:00:00', '1', null, null, null], 'time is in the future'],
    [['K\uFFFDche', time, '1', null, null, null], 'the sensor is not written in UTF-8'],
    [['x'.repeat(101), time, '1', null, null, null], 'id has 101 characters'],
  ])('refuses %j', (fields, reason) => {
    const read = (): unknown => reader('UTC').read(fields);
    expect(read).toThrow(FieldRefused);
    expect(read).toThrow(reason);
  });

  it('counts what has not come yet', () => {
    const rows = reader('UTC');
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    rows.read(['A', soon, '1', null, null, null]);
    rows.read(['A', time, '1', null, null, null]);
    expect(rows.future).toBe(1);
    expect(rows.firstUs).toBe(Date.UTC(2025, 6, 1, 12) * 1_000);
  });
});

describe('parseArguments', () => {
  it('takes a table, or files, with columns and a zone', () => {
    expect(parseArguments('--from postgres://u@h/d --timezone Europe/Berlin'.split(' '))).toEqual({
      kind: 'run',
      options: {
        files: [],
        table: { url: 'postgres://u@h/d', name: 'sensor_readings' },
        timeZone: 'Europe/Berlin',
        sensor: undefined,
        columns: new Map(),
        maxRefused: 1_000,
        isTrial: false,
        again: false,
      },
    });
    expect(parseArguments('a.csv --column time=t,lux=l --dry-run'.split(' '))).toMatchObject({
      options: { files: ['a.csv'], columns: new Map(Object.entries({ time: 't', lux: 'l' })) },
    });
  });

  it('names all that is wrong, and no password', () => {
    const parsed = parseArguments(
      '--from mysql://u:secret@h/d a.csv --timezone Berlin --column x=y --max-refused no'.split(
        ' ',
      ),
    );
    expect(parsed).toMatchObject({ kind: 'wrong' });
    const text = JSON.stringify(parsed);
    expect(text).not.toContain('secret');
    for (const part of ['--from (not shown)', 'Berlin', 'x=y', 'no', 'say what to import']) {
      expect(text).toContain(part);
    }
  });
});
