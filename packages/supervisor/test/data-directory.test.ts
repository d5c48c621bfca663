import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, Releases } from '@zdenergy/core';
import { openDataDirectory } from '../src/data-directory.js';
import { eventually, recordingLogger, temporaryDirectory } from './trial.js';

const { logger, lines } = recordingLogger();
let home: ReturnType<typeof temporaryDirectory>;
let releases: Releases;

beforeEach(() => {
  home = temporaryDirectory();
  releases = new Releases();
});
afterEach(async () => {
  await releases.release();
  home.remove();
});

const open = (path: string, traversable = false): Promise<string> =>
  openDataDirectory(path, traversable, logger, releases);

describe('the data directory', () => {
  it.each([
    ['is closed to other users', false, 0o700],
    ['can be passed through where Postgres runs as another user', true, 0o711],
  ])('%s', async (_what, traversable, mode) => {
    const directory = await open(join(home.path, 'a', 'data'), traversable);
    expect(statSync(directory).mode & 0o777).toBe(mode);
  });

  it('keeps what an existing directory allows, and opens it if need be', async () => {
    const path = join(home.path, 'data');
    mkdirSync(path, { mode: 0o750 });
    await open(path, true);
    expect(statSync(path).mode & 0o777).toBe(0o751);
  });

  it('is for one supervisor at a time, and names the one that has it', async () => {
    const path = join(home.path, 'data');
    await open(path);
    expect(readFileSync(join(path, 'supervisor.pid'), 'utf8')).toBe(`${process.pid}\n`);
    await expect(openDataDirectory(path, false, logger, new Releases())).rejects.toThrow(
      `Another zdenergy (process ${process.pid}) is already running with the data directory ${path}`,
    );
    await releases.release();
    expect(existsSync(join(path, 'supervisor.pid'))).toBe(false);
    releases = new Releases();
    await open(path);
  });

  it('says what to do when it cannot be one', async () => {
    const path = join(home.path, 'file');
    writeFileSync(path, '');
    await expect(open(path)).rejects.toThrow(`DATA_DIR: ${path} cannot be used`);
  });

  it('ends a stopped worker that was left over, and no other process', async () => {
    const path = join(home.path, 'data');
    mkdirSync(path);
    const sleeper = (owner: number): number => {
      const child = spawn('sleep', ['60'], {
        env: { ZDENERGY_DATA_DIRECTORY: path, ZDENERGY_SUPERVISOR_PID: String(owner) },
      });
      child.kill('SIGSTOP');
      return child.pid ?? 0;
    };
    const leftover = sleeper(process.pid + 1);
    const mine = sleeper(process.pid);
    await eventually(() => isRunning(leftover) && isRunning(mine));
    await open(path);
    expect(isRunning(leftover)).toBe(false);
    expect(isRunning(mine)).toBe(true);
    process.kill(mine, 'SIGKILL');
    expect(lines.join()).toContain(`ending process ${leftover}`);
  });
});
