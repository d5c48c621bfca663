/** What alerts keep on disk, on a real one: through damage, and where it cannot be written. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyState, forChannels, type AlertState } from '../src/alerts/alert-state.js';
import { loadAlertState, StateKeeper } from '../src/alerts/state-file.js';
import { fileLogger } from './file-logger.js';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zdenergy-alerts-'));
  file = join(directory, 'alerts.json');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const state = (incident: number): AlertState => {
  const { told, ...empty } = forChannels(emptyState('it'), ['slack']);
  if (told.slack === undefined) throw new Error('the channel is missing');
  return { ...empty, told: { slack: { ...told.slack, incident } } };
};

it('is empty at first, with an id of its own', async () => {
  const { logger, log } = fileLogger();
  const [one, other] = [
    await loadAlertState(directory, logger),
    await loadAlertState(directory, logger),
  ];
  expect(one).toEqual(emptyState(one.installation));
  expect(one.installation).not.toBe(other.installation);
  expect(log()).toBe('');
});

it('is there again, the newest of many, and nothing else', async () => {
  const { logger } = fileLogger();
  let settled = 0;
  const keeper = new StateKeeper(directory, logger, () => (settled += 1));
  for (let n = 0; n < 200; n += 1) keeper.keep(state(n));
  expect(keeper.isSettled).toBe(false);
  await keeper.flush();
  expect(keeper.isSettled).toBe(true);
  expect(settled).toBe(1);
  expect(await loadAlertState(directory, logger)).toEqual(state(199));
  expect(readdirSync(directory)).toEqual(['alerts.json']);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it.each([
  ['cut', '{"version":1,"installation":"it","hea'],
  ['empty', ''],
  ['of another version', '{"version":2}'],
  ['zeros', '\0'.repeat(500)],
])('one that is %s is set aside and told of', async (_what, content) => {
  writeFileSync(file, content);
  const { logger, logged } = fileLogger();
  const loaded = await loadAlertState(directory, logger);
  expect(loaded).toEqual(emptyState(loaded.installation));
  await logged(`It was set aside as ${file}.damaged. What is wrong now is told once more.`);
  expect(readFileSync(`${file}.damaged`, 'utf8')).toBe(content);
  const keeper = new StateKeeper(directory, logger, () => undefined);
  keeper.keep(state(3));
  await keeper.flush();
  expect(await loadAlertState(directory, logger)).toEqual(state(3));
});

it('one that cannot be written holds nothing up, is told of once, and is written when it can be', async () => {
  const gone = join(directory, 'gone');
  const { logger, log, logged } = fileLogger();
  const keeper = new StateKeeper(gone, logger, () => undefined);
  for (const n of [1, 2, 3]) {
    keeper.keep(state(n));
    await keeper.flush();
    expect(keeper.isSettled).toBe(true);
  }
  await logged('They are sent all the same');
  expect(log().split('❌')).toHaveLength(2);
  mkdirSync(gone);
  keeper.keep(state(4));
  await keeper.flush();
  expect(await loadAlertState(gone, logger)).toEqual(state(4));
});
