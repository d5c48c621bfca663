import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Batch } from '../src/batch.js';
import { decodeRows } from '../src/copy-rows.js';
import { diskFiles } from '../src/journal/files.js';
import { Journal } from '../src/journal/journal.js';

const timeUs = Date.UTC(2025, 9, 2) * 1_000;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zdenergy-journal-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function batchOf(...names: string[]): Batch {
  const batch = new Batch();
  for (const name of names) {
    const id = Buffer.from(name);
    batch.addReading('192.0.2.7:1234', id, 0, id.length, timeUs, 1, 2, 3, 4, null, timeUs);
  }
  return batch;
}

/** What can be read, and how many items are reported as lost. */
async function readAll(journal: Journal): Promise<{ names: string[]; lost: number }> {
  const names: string[] = [];
  let lost = 0;
  for (;;) {
    const part = await journal.read(1_000, 1_000_000);
    if (part === null) return { names, lost };
    for (const record of part.records) {
      names.push(...decodeRows(record.readings).map(({ sensorId }) => sensorId));
    }
    for (const range of part.lost) lost += range.to - range.from;
  }
}

/** A journal of three records in one segment, and where in the file each of them ends. */
async function threeRecords(): Promise<{ path: string; ends: number[] }> {
  const journal = await Journal.open(directory, diskFiles);
  const ends: number[] = [];
  for (const name of ['a', 'b', 'c']) {
    await journal.append(batchOf(`${name}1`, `${name}2`));
    ends.push(journal.bytes);
  }
  await journal.close();
  const [segment] = readdirSync(directory).filter((name) => name.endsWith('.segment'));
  return { path: join(directory, segment), ends };
}

const namesUpTo = (records: number): string[] =>
  ['a1', 'a2', 'b1', 'b2', 'c1', 'c2'].slice(0, 2 * records);

describe('a damaged journal', () => {
  it('cut at any byte keeps every record before the cut', async () => {
    const { path, ends } = await threeRecords();
    for (let length = ends[2]; length >= ends[0]; length -= 1) {
      truncateSync(path, length);
      const journal = await Journal.open(directory, diskFiles);
      const whole = ends.filter((end) => end <= length).length;
      expect(await readAll(journal)).toEqual({ names: namesUpTo(whole), lost: 0 });
      expect(journal.damage).toHaveLength(ends.includes(length) ? 0 : 1);
      await journal.close();
    }
  });

  it('with any one bit flipped keeps every other record, and says what was lost', async () => {
    const { path, ends } = await threeRecords();
    const sound = readFileSync(path);
    for (let at = 0; at < sound.length; at += 1) {
      const damaged = Buffer.from(sound);
      damaged[at] ^= 1 << (at % 8);
      writeFileSync(path, damaged);
      const journal = await Journal.open(directory, diskFiles);
      const { names, lost } = await readAll(journal);
      const hit = at < 40 ? -1 : ends.findIndex((end) => at < end);
      const headerAt = hit < 1 ? 40 : ends[hit - 1];
      // Without its header nobody can tell how many readings the newest record held.
      const isUnknown = hit === 2 && at < headerAt + 48;
      expect(lost).toBe(hit < 0 || isUnknown ? 0 : 2);
      expect(names).toEqual(namesUpTo(3).filter((_, index) => Math.floor(index / 2) !== hit));
      await journal.close();
      rmSync(join(directory, 'damaged'), { recursive: true, force: true });
    }
  });

  it('counts the readings of a damaged record as lost, and keeps its bytes', async () => {
    const { path, ends } = await threeRecords();
    const bytes = readFileSync(path);
    bytes[ends[0] + 60] ^= 1;
    writeFileSync(path, bytes);
    const journal = await Journal.open(directory, diskFiles);
    expect(await readAll(journal)).toEqual({ names: ['a1', 'a2', 'c1', 'c2'], lost: 2 });
    const kept = readdirSync(join(directory, 'damaged'));
    expect(kept).toHaveLength(1);
    expect(readFileSync(join(directory, 'damaged', kept[0]))).toEqual(
      bytes.subarray(ends[0], ends[1]),
    );
    await journal.close();
  });

  it('is refused when it is mixed with another journal', async () => {
    await threeRecords();
    const other = mkdtempSync(join(tmpdir(), 'zdenergy-journal-'));
    const journal = await Journal.open(other, diskFiles);
    await journal.append(batchOf('x'));
    await journal.close();
    const [segment] = readdirSync(other).filter((name) => name.endsWith('.segment'));
    writeFileSync(join(directory, '0000000009.segment'), readFileSync(join(other, segment)));
    rmSync(other, { recursive: true });
    await expect(Journal.open(directory, diskFiles)).rejects.toThrow(/belongs to another journal/);
  });
});
