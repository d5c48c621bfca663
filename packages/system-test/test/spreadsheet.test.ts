/** The CSV in a real spreadsheet: LibreOffice opens it and says what each cell has become. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Releases } from '@zdenergy/core';
import { Gateway } from '../src/gateway.js';
import { Zdenergy } from '../src/zdenergy.js';

const run = promisify(execFile);
/** As LibreOffice's filter of CSV numbers them. */
const [comma, quote, utf8] = [44, 34, 76];

const releases = new Releases();
afterAll(() => releases.release());

interface Cell {
  /** As LibreOffice names it: `date`, `float`, `string`; undefined for an empty cell. */
  readonly type: string | undefined;
  /** Of a date or a number the value itself; otherwise what is shown. */
  readonly value: string;
}

const unescaped = (xml: string): string =>
  xml.replaceAll('&quot;', '"').replaceAll('&apos;', "'").replaceAll('&amp;', '&');

/** Opens the file, and gives the rows as LibreOffice understood them. */
async function openInSpreadsheet(csv: string): Promise<Cell[][]> {
  const directory = await mkdtemp(join(tmpdir(), 'zdenergy-spreadsheet-'));
  releases.push(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'readings.csv'), csv);
  await run(
    'soffice',
    [
      `-env:UserInstallation=file://${directory}/profile`,
      // Without its dialog, which suggests UTF-8, LibreOffice looks at no mark in the file.
      `--infilter=CSV:${comma},${quote},${utf8}`,
      ...['--headless', '--convert-to', 'fods', '--outdir', directory],
      join(directory, 'readings.csv'),
    ],
    { env: { ...process.env, HOME: directory, LANG: 'C.UTF-8' } },
  );
  const xml = await readFile(join(directory, 'readings.fods'), 'utf8');
  expect(xml).not.toContain('table:formula');
  return [...xml.matchAll(/<table:table-row[ >][^]*?<\/table:table-row>/g)].map(([row]) =>
    [...row.matchAll(/<table:table-cell([^>]*?)(?:\/>|>([^]*?)<\/table:table-cell>)/g)].map(
      ([, attributes = '', content = '']) => ({
        type: /office:value-type="(\w+)"/.exec(attributes)?.[1],
        value:
          /office:(?:date-)?value="([^"]*)"/.exec(attributes)?.[1] ??
          unescaped(content.replace(/<[^>]*>/g, '').trim()),
      }),
    ),
  );
}

it.each([
  ['as the page has it', '&bom=true'],
  ['as scripts have it', ''],
])(
  'has dates, numbers and texts, each as what it is, and runs nothing: %s',
  async (_which, bom) => {
    const zdenergy = await Zdenergy.start(releases, { DISPLAY_TIMEZONE: 'Asia/Shanghai' });
    const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
    const reading = (id: string, second: number, measured: object): string =>
      JSON.stringify({ id, time: `2025-10-02T09:58:3${second}Z`, ...measured });
    await gateway.end(
      [
        reading('e4643048d7292c2e', 0, { temp: -24.1, rh: 50.5, lux: 54_612.25 }),
        reading('Dach, Süd "oben"', 1, { temp: 0.5 }),
        reading('=HYPERLINK("http://example.com")', 2, { temp: 1 }),
        reading('@SUM(1)', 3, { lux: 12.5 }),
      ].join('\n'),
    );
    await zdenergy.settledLedger(4);

    const { body } = await zdenergy.ask(`/api/export/csv?all=true${bom}`);
    const [header = [], ...rows] = await openInSpreadsheet(body);
    expect(header.map(({ value }) => value)).toEqual([
      'Timestamp',
      'Temperature (°C)',
      'Humidity (%)',
      'Lux',
      'Irradiance (W/m²)',
      'Sensor',
    ]);
    const at = (second: number): Cell => ({ type: 'date', value: `2025-10-02T17:58:3${second}` });
    const text = (value: string): Cell => ({ type: 'string', value });
    expect(rows.map((row) => [row[0], row[1], row.at(-1)])).toEqual([
      [at(0), { type: 'float', value: '-24.1' }, text('e4643048d7292c2e')],
      [at(1), { type: 'float', value: '0.5' }, text('Dach, Süd "oben"')],
      [at(2), { type: 'float', value: '1' }, text(`'=HYPERLINK("http://example.com")`)],
      [at(3), { type: undefined, value: '' }, text(`'@SUM(1)`)],
    ]);
    expect(rows[0]?.slice(2, 5)).toEqual([
      { type: 'float', value: '50.5' },
      { type: 'float', value: '54612.25' },
      { type: 'float', value: expect.stringMatching(/^43\d\.\d+$/) },
    ]);
  },
);
