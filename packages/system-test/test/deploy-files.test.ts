/**
 * The files that an operator copies to other programs, by the judgement of these programs: the unit
 * of systemd, the settings of logrotate, the shell script.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Releases } from '@zdenergy/core';

const run = promisify(execFile);
const scripts = fileURLToPath(new URL('../../../scripts/', import.meta.url));
/** Where Debian has logrotate. */
const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };

const releases = new Releases();
afterAll(() => releases.release());

it('zdenergy.service holds nothing that systemd does not know', async () => {
  const { stdout, stderr } = await run('systemd-analyze', [
    'verify',
    join(scripts, 'zdenergy.service'),
  ]);
  expect(stdout + stderr).toBe('');
});

it('deploy.sh has nothing that shellcheck warns of', async () => {
  const { stdout } = await run('shellcheck', [join(scripts, 'deploy.sh')]);
  expect(stdout).toBe('');
});

it('logrotate.conf rotates a file that is being written, and no line goes missing', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'zdenergy-logrotate-'));
  releases.push(() => rm(directory, { recursive: true, force: true }));
  const logs = join(directory, 'logs');
  await mkdir(logs);
  const { username } = userInfo();
  const group = (await run('id', ['--group', '--name'])).stdout.trim();
  const original = await readFile(join(scripts, 'logrotate.conf'), 'utf8');
  const settings = original
    .replace('/home/zdenergy/.pm2/logs', logs)
    .replace('su zdenergy zdenergy', `su ${username} ${group}`);
  expect(settings).toContain(`su ${username}`);
  const file = join(directory, 'logrotate.conf');
  await writeFile(file, settings);
  const log = createWriteStream(join(logs, 'zdenergy-out.log'), { flags: 'a' });
  releases.push(() => void log.destroy());
  const write = async (line: string): Promise<void> => {
    await new Promise((resolve) => log.write(line, resolve));
  };

  const rotate = (): Promise<unknown> =>
    run('logrotate', ['--force', '--state', join(directory, 'state'), file], { env });
  await write('before\n');
  await rotate();
  await write('after\n');
  log.end();
  await once(log, 'finish');
  const texts = await Promise.all(
    (await readdir(logs)).sort().map((name) => readFile(join(logs, name), 'utf8')),
  );
  expect(texts).toEqual(['after\n', 'before\n']);
});
