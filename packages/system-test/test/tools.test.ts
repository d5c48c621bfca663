/**
 * The operator's tools for what went wrong, run as npm runs them, beside a zdenergy at work: rejected
 * readings that are looked at and sent again, and a journal that is checked.
 */
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Releases } from '@zdenergy/core';
import type { Database } from '../src/database.js';
import { Gateway } from '../src/gateway.js';
import { npmRun as runByNpm } from '../src/npm.js';
import { eventually } from '../src/wait.js';
import { Zdenergy, type Settings } from '../src/zdenergy.js';

const maxFrameBytes = 2_000;
const releases = new Releases();
afterAll(() => releases.release());

let zdenergy: Zdenergy;
let database: Database;

beforeAll(async () => {
  zdenergy = await Zdenergy.start(releases, { MAX_FRAME_BYTES: String(maxFrameBytes) });
  database = await zdenergy.database();
});

const npmRun = (line: string, changed: Settings = {}): ReturnType<typeof runByNpm> =>
  runByNpm(zdenergy, line, changed);

async function send(text: string): Promise<string> {
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  await gateway.end(text);
  return gateway.address;
}

/** The ids of what was rejected of a peer, once there are so many. */
function rejectedOf(peer: string, count = 1): Promise<number[]> {
  return eventually(async () => {
    const rows = await database.rows<{ id: number }>(
      'SELECT id::int FROM rejected_readings WHERE peer = $1 ORDER BY id',
      [peer],
    );
    if (rows.length !== count) throw new Error(`${rows.length} were rejected, not ${count}`);
    return rows.map(({ id }) => id);
  });
}

async function isMarked(id: number): Promise<boolean> {
  const { marked } = await database.row<{ marked: boolean }>(
    'SELECT replayed_at IS NOT NULL AS marked FROM rejected_readings WHERE id = $1',
    [id],
  );
  return marked;
}

describe('npm run rejected', () => {
  it('lists a poisoned reading, shows it, and finds that it is rejected again', async () => {
    const raw = '{"id":"poison","time":"2025-10-02 17:58:37","temp":"n/a"}';
    const peer = await send(raw);
    const [id] = await rejectedOf(peer);

    const list = await npmRun('rejected list --limit 5 --reason NOT');
    expect(list.code).toBe(0);
    const line = list.output.split('\n').find((found) => found.includes('poison'));
    expect(line).toMatch(
      new RegExp(`^ *${id}  \\d{4}-.*Z  ${peer}  temp is not a number: "n/a"  {"id":"poison"`),
    );

    const show = await npmRun(`rejected show ${id}`);
    expect(show).toMatchObject({ code: 0 });
    expect(show.output).toContain(`from         ${peer}`);
    expect(show.output).toContain('replayed at  never');
    expect(show.output).toContain(`\n${raw}\n`);

    const replay = await npmRun(`rejected replay ${id}`);
    expect(replay.code).toBe(1);
    const [, again] = /rejected again, as (\d+): temp is not a number/.exec(replay.output) ?? [];
    expect(await isMarked(id)).toBe(true);
    expect(await isMarked(Number(again))).toBe(false);
    expect(await database.row('SELECT raw FROM rejected_readings WHERE id = $1', [again])).toEqual({
      raw,
    });

    const refused = await npmRun(`rejected replay ${id}`);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.output).toContain('it was sent again before');
    expect((await npmRun(`rejected replay --again ${id}`)).output).toContain('rejected again, as');
  });

  it('stores a conflict once the reading in its way is gone; then it is a duplicate', async () => {
    const time = '2025-10-02 17:58:37';
    await send(`{"id":"conflict","time":"${time}","temp":1}`);
    const [id] = await rejectedOf(await send(`{"id":"conflict","time":"${time}","temp":2}`));
    await database.rows("DELETE FROM readings WHERE sensor_id = 'conflict'");

    const replay = await npmRun(`rejected replay ${id}`);
    expect(replay).toMatchObject({ code: 0 });
    expect(replay.output).toContain(`${id}: ✅ stored: sensor conflict, ${time}Z`);
    const stored = "SELECT temperature FROM readings WHERE sensor_id = 'conflict'";
    expect(await database.rows(stored)).toEqual([{ temperature: 2 }]);
    const again = await npmRun(`rejected replay --again ${id}`);
    expect(again).toMatchObject({ code: 0 });
    expect(again.output).toContain(`${id}: ✅ a duplicate`);
  });

  it('sends all again that can be, oldest first, and says why others cannot', async () => {
    await database.rows('UPDATE rejected_readings SET replayed_at = now()');
    // As if a rule had been mended since: nothing is wrong with the first two any more.
    const insert = `INSERT INTO rejected_readings (rejected_at, peer, reason, raw)
                    VALUES (now(), '192.0.2.7:1', 'an old rule', $1) RETURNING id::int`;
    const raws = [
      '{"id":"mended","time":1759427917.5,"temp":1}',
      '{"id":"mended","time":1759427917.5,"temp":2}',
      '{"id":"mended-clock","time":"never","temp":3}',
      'no brace in it',
    ];
    const ids: number[] = [];
    for (const raw of raws) ids.push((await database.row<{ id: number }>(insert, [raw])).id);
    const [large] = await rejectedOf(await send(`{"id":"large","x":"${'x'.repeat(5_000)}"}`));

    const replay = await npmRun('rejected replay --all');
    expect(replay.code).toBe(1);
    const lines = replay.output.trim().split('\n');
    expect(lines.slice(0, 2)).toEqual([
      `${ids[3]}: ⚠️ not sent: there is no object in it`,
      `${large}: ⚠️ not sent: it was too large, and only its beginning was kept`,
    ]);
    expect(lines.slice(2)).toEqual([
      `${ids[0]}: ✅ stored: sensor mended, 2025-10-02 17:58:37Z`,
      expect.stringMatching(`^${ids[1]}: ❌ rejected again, as \\d+: another reading of this`),
      `${ids[2]}: ✅ stored: sensor mended-clock, under the time of its receipt`,
      '2 readings stored or there already, 3 not',
    ]);
    expect(await isMarked(large)).toBe(false);
  });

  it('says what is wrong when it cannot work', async () => {
    const [id] = await rejectedOf(await send('{"id":"unsent"}'));
    const away = await npmRun(`rejected replay --port ${zdenergy.ports.tls} ${id}`);
    expect(away.code).toBe(2);
    expect(away.output).toContain(`127.0.0.1:${zdenergy.ports.tls} cannot be reached`);
    expect(await isMarked(id)).toBe(false);
    const without = { EMBEDDED_PG_PORT: String(zdenergy.ports.tls) };
    expect(await npmRun('rejected list', without)).toMatchObject({ code: 2 });
    const wrong = await npmRun('rejected replay --limit 3');
    expect(wrong.code).toBe(64);
    expect(wrong.output).toContain('--limit: not with replay');
  });
});

describe('npm run journal', () => {
  it('finds nothing wrong beside a zdenergy at work, and lists the segments', async () => {
    await send('{"id":"journal","temp":1}\n'.repeat(200));
    const verify = await npmRun('journal verify');
    expect(verify).toMatchObject({ code: 0 });
    expect(verify.output).toContain(join(zdenergy.dataDirectory, 'journal', 'ingest-1'));
    expect(verify.output).toContain('every header and every checksum agrees');
    expect(verify.output).not.toMatch(/❌|⚠️/);
    const list = await npmRun('journal list');
    expect(list).toMatchObject({ code: 0 });
    expect(list.output).toMatch(/0000000001\.segment +[\d.]+ [KM]?B?/);
  });

  it('tells of a backlog while the database is away, and of one flipped bit', async () => {
    await zdenergy.stop();
    // Nobody listens there.
    const away = `postgres://zdenergy@127.0.0.1:${zdenergy.ports.tls}/none`;
    await zdenergy.start({ DATABASE_URL: away });
    await send('{"id":"backlog","time":"2025-10-02 17:58:37","temp":1}{"id":"backlog","temp":2}');
    const verify = await npmRun('journal verify', { DATABASE_URL: away });
    expect(verify).toMatchObject({ code: 0 });
    expect(verify.output).toContain('the database could not be asked');
    expect(verify.output).toContain('up to 2 readings wait to be stored, since ');

    const journal = join(zdenergy.directory, 'damaged-copy');
    await cp(join(zdenergy.dataDirectory, 'journal', 'ingest-1'), journal, { recursive: true });
    const names = (await readdir(journal)).filter((name) => name.endsWith('.segment')).sort();
    const path = join(journal, names.at(-1) ?? '');
    const bytes = await readFile(path);
    bytes[bytes.length - 1] ^= 1;
    await writeFile(path, bytes);
    const damaged = await npmRun(`journal verify ${journal}`);
    expect(damaged).toMatchObject({ code: 1 });
    expect(damaged.output).toMatch(/❌ \d{10}\.segment: .* are not what was written/);
    expect(damaged.output).toMatch(/❌ up to [12] readings? that the database does not have/);

    expect(await npmRun('journal verify nowhere')).toMatchObject({ code: 2 });
    expect(await npmRun('journal repair')).toMatchObject({ code: 64 });
  });
});
