import type { Finding, JournalSurvey, JournalVerdict, Notice } from '@zdenergy/storage';
import { reportLines, segmentTable } from '../src/journal/report.js';

const nowMs = Date.UTC(2025, 9, 2, 12);
const checkpoint = {
  journal: '3f0c2f4e-8f4b-4f06-9a3e-0b8c5a3f7d11',
  position: 9,
  stored: 9,
  duplicates: 0,
  rejected: 0,
  skipped: 0,
};
const survey: JournalSurvey = {
  directory: '/data/journal/ingest-1',
  journal: checkpoint.journal,
  checkpoint,
  checkpointDamaged: false,
  segments: [
    {
      name: '0000000001.segment',
      bytes: 1_500,
      header: { journalId: checkpoint.journal, first: 0, previousEnd: 0 },
      recordCount: 3,
      records: [{ from: 0, to: 9 }],
      damaged: [],
    },
  ],
  written: [],
  setAside: [],
};
const verdict: JournalVerdict = {
  findings: [],
  notices: [],
  position: 9,
  end: 9,
  items: 9,
  jumps: 0,
  pending: 0,
  pendingSinceMs: null,
};
const answered = { kind: 'answered' } as const;
const report = (changed: Partial<JournalVerdict>, of: Partial<JournalSurvey> = {}): string =>
  reportLines({ ...survey, ...of }, { ...verdict, ...changed }, answered, nowMs).join('\n');

it('of a sound journal is five good lines', () => {
  expect(report({}).split('\n')).toEqual([
    '/data/journal/ingest-1',
    '  ✅ 1 segment, 1,500 bytes, 3 records: every header and every checksum agrees',
    '  ✅ the sequence has no gap: 9 readings up to number 9',
    '  ✅ checkpoint.json is sound (position 9)',
    '  ✅ the database has all of it (position 9)',
    '  ✅ nothing was set aside in damaged/',
  ]);
});

it('warns of readings that wait for long, and tells of a database that is away', () => {
  const pending = { pending: 4, position: 5 };
  expect(report({ ...pending, pendingSinceMs: nowMs - 2_000 })).toContain(
    '✅ 4 readings wait to be stored, since 2025-10-02 11:59:58Z (2 s)',
  );
  expect(report({ ...pending, pendingSinceMs: nowMs - 61_000 })).toContain(
    '⚠️ 4 readings wait to be stored, since 2025-10-02 11:58:59Z (1 min 1 s). Is zdenergy running?',
  );
  const away = { kind: 'away', problem: 'Postgres at db:5432 refuses connections.' } as const;
  expect(reportLines(survey, { ...verdict, ...pending }, away, nowMs).join('\n')).toContain(
    '⚠️ the database could not be asked: Postgres at db:5432 refuses connections.',
  );
});

const segment = '0000000001.segment';
const piece = { from: 40, to: 352, unfinished: false, numbers: { from: 2, to: 5 } };
const findings: [Finding, string][] = [
  [{ kind: 'header', segment }, `❌ ${segment}: its header cannot be read.`],
  [{ kind: 'foreign', segment, journal: 'x' }, `❌ ${segment} belongs to another journal (x)`],
  [
    { kind: 'bytes', segment, piece },
    '312 bytes at byte 40 are not what was written; they held 3 ',
  ],
  [{ kind: 'order', segment, number: 3 }, 'the sequence goes back to number 3.'],
  [{ kind: 'lost', range: { from: 2, to: 5 } }, '❌ up to 3 readings that the database does not'],
  [{ kind: 'forgotten', stored: 6 }, 'it had confirmed 6 readings more than it has'],
];
it.each(findings)('says what damage was found: %j', (finding, words) => {
  expect(report({ findings: [finding] })).toContain(words);
});

it('says so when the checkpoint is damaged', () => {
  const damaged = { checkpoint: null, checkpointDamaged: true };
  expect(report({ findings: [{ kind: 'checkpoint' }] }, damaged)).toContain(
    '❌ checkpoint.json cannot be read.',
  );
});

const notices: [Notice, string][] = [
  [{ kind: 'unfinished', segment, bytes: 12 }, 'a write of which 12 bytes are there is under way'],
  [{ kind: 'checkpoint-missing' }, '⚠️ checkpoint.json is not there.'],
  [{ kind: 'behind', stored: 1 }, 'it gets 1 reading again'],
  [{ kind: 'unknown-journal' }, '⚠️ the database does not know this journal.'],
];
it.each(notices)('says what else is to be known: %j', (notice, words) => {
  expect(report({ notices: [notice] })).toContain(words);
});

it('lists what was set aside, ten pieces at the most', () => {
  const setAside = Array.from({ length: 12 }, (_, n) => ({ name: `piece-${n}`, bytes: 100 }));
  const text = report({}, { setAside });
  expect(text).toContain(
    '⚠️ 12 pieces of earlier damage (1,200 bytes) in /data/journal/ingest-1/damaged',
  );
  expect(text).toContain('piece-9, 100 bytes');
  expect(text).not.toContain('piece-10,');
  expect(text).toContain('… and 2 more');
});

it('lists segments in columns', () => {
  const entry = { name: segment, bytes: 16_777_216, first: 0, writtenAtMs: nowMs - 3_600_000 };
  const unread = { name: '0000000002.segment', bytes: 12, first: null, writtenAtMs: null };
  expect(segmentTable('/j', [entry, unread], nowMs)).toEqual([
    '/j',
    '  segment                 size  first number  begun                 age',
    '  0000000001.segment   16.8 MB             0  2025-10-02 11:00:00Z  1 h',
    '  0000000002.segment  12 bytes       damaged  –                     –',
  ]);
});
