/**
 * Reading a journal in small parts, as the drain does after failures: null means that all was read,
 * however much lies before that is stored already.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Batch } from '../src/batch.js';
import { diskFiles } from '../src/journal/files.js';
import { Journal } from '../src/journal/journal.js';

const timeUs = Date.UTC(2025, 9, 2) * 1_000;
const records = 50;
const stored = 45;
let directory: string;
let journal: Journal;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zdenergy-parts-'));
  journal = await Journal.open(directory, diskFiles);
  for (let n = 0; n < records; n += 1) await journal.append(oneReading(n));
});

afterEach(async () => {
  await journal.close();
  rmSync(directory, { recursive: true });
});

function oneReading(n: number): Batch {
  const batch = new Batch();
  const id = Buffer.from('sensor');
  batch.addReading('192.0.2.7:1234', id, 0, id.length, timeUs + n, 1, 2, 3, 4, null, timeUs);
  return batch;
}

it.each([
  { name: 'one item', maxItems: 1, maxBytes: 1_000_000 },
  { name: 'one byte', maxItems: 1_000, maxBytes: 1 },
  { name: 'a few records', maxItems: 3, maxBytes: 500 },
])('starts behind what is stored, in parts of $name', async ({ maxItems, maxBytes }) => {
  const { checkpoint } = journal;
  await journal.release({ ...checkpoint, position: checkpoint.position + stored, stored }, false);
  await journal.seek();
  let items = 0;
  for (;;) {
    const part = await journal.read(maxItems, maxBytes);
    if (part === null) break;
    items += part.end - part.from;
  }
  expect(items).toBe(records - stored);
});
