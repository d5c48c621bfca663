/** What an operator runs as `npm run NAME`, beside a zdenergy or without it. */
import { fileURLToPath } from 'node:url';
import { Program } from './program.js';
import type { Settings, Zdenergy } from './zdenergy.js';

const project = fileURLToPath(new URL('../../../', import.meta.url));

/** Runs `npm run NAME -- ARGS` with the settings of this zdenergy, changed or not. */
export async function npmRun(
  zdenergy: Zdenergy,
  line: string,
  changed: Settings = {},
): Promise<{ code: number | null; output: string }> {
  const [name, ...args] = line.split(' ');
  const program = new Program('npm', ['run', '--silent', name, '--', ...args], {
    cwd: project,
    env: { HOME: zdenergy.directory, ...zdenergy.environment, ...changed },
  });
  const { code } = await program.finished;
  return { code, output: program.output };
}
