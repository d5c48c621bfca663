/**
 * Does zdenergy come back after a reboot, and do its logs stay small?
 *
 * What always holds: it is told from files alone, without asking PM2 or systemd, which may hang or start
 * something. Only the usual places are known.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, warning, type Finding } from './finding.js';

export interface Places {
  /** `/`, unless a test says otherwise. */
  readonly root: string;
  /** Where PM2 keeps its things; undefined: not known. */
  readonly pm2Home: string | undefined;
}

export interface Keepers {
  /** Null: there is no PM2. */
  readonly pm2: {
    /** `pm2 save` was done while zdenergy was in the list. */
    readonly isSaved: boolean;
    /** `pm2 startup` was done. */
    readonly startsAtBoot: boolean;
    readonly rotatesLogs: boolean;
  } | null;
  /** Units of systemd that are named after zdenergy. */
  readonly units: readonly { readonly name: string; readonly isEnabled: boolean }[];
  readonly isContainer: boolean;
}

const unitDirectories = ['etc/systemd/system', 'usr/lib/systemd/system', 'lib/systemd/system'];

export async function findKeepers({ root, pm2Home }: Places): Promise<Keepers> {
  const units = await listUnits(root);
  return {
    pm2: pm2Home === undefined ? null : await findPm2(root, pm2Home, units),
    units: [...units]
      .filter(([name]) => /zdenergy.*\.service$/.test(name) && !name.startsWith('pm2-'))
      .map(([name, isEnabled]) => ({ name, isEnabled })),
    isContainer:
      (await list(root)).includes('.dockerenv') ||
      (await list(join(root, 'run'))).includes('.containerenv'),
  };
}

async function findPm2(
  root: string,
  home: string,
  units: ReadonlyMap<string, boolean>,
): Promise<Keepers['pm2']> {
  const names = await list(home);
  if (names.length === 0) return null;
  const scripts = await list(join(root, 'etc/init.d'));
  const rotation = await Promise.all(
    (await list(join(root, 'etc/logrotate.d'))).map((name) =>
      text(join(root, 'etc/logrotate.d', name)),
    ),
  );
  return {
    isSaved: savedNames(await text(join(home, 'dump.pm2'))).includes('zdenergy'),
    startsAtBoot:
      [...units].some(([name, isEnabled]) => /^pm2-.+\.service$/.test(name) && isEnabled) ||
      scripts.some((name) => name.startsWith('pm2-')),
    rotatesLogs:
      (await list(join(home, 'modules'))).includes('pm2-logrotate') ||
      rotation.some((rules) => /\.pm2\/logs|zdenergy/.test(rules)),
  };
}

/** Each unit, and whether it is enabled: some target wants it. */
async function listUnits(root: string): Promise<Map<string, boolean>> {
  const wanted = new Set<string>();
  const found = new Set<string>();
  for (const directory of unitDirectories.map((path) => join(root, path))) {
    for (const name of await list(directory)) {
      if (name.endsWith('.service')) found.add(name);
      if (!name.endsWith('.wants')) continue;
      for (const unit of await list(join(directory, name))) wanted.add(unit);
    }
  }
  return new Map([...found].map((name) => [name, wanted.has(name)]));
}

function savedNames(dump: string): string[] {
  try {
    const apps: unknown = JSON.parse(dump);
    if (!Array.isArray(apps)) return [];
    return apps.flatMap((app: unknown) =>
      typeof app === 'object' && app !== null && 'name' in app && typeof app.name === 'string'
        ? [app.name]
        : [],
    );
  } catch {
    return [];
  }
}

const list = (directory: string): Promise<string[]> => readdir(directory).catch(() => []);
const text = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');

/** @param underPm2 PM2 runs it now. */
export function judgeKeepers(keepers: Keepers, underPm2: boolean): Finding[] {
  const { pm2, units, isContainer } = keepers;
  const enabled = units.find(({ isEnabled }) => isEnabled);
  if (underPm2 || (pm2?.isSaved === true && enabled === undefined)) {
    return judgePm2(pm2, underPm2);
  }
  if (enabled !== undefined) return [ok(`systemd starts it at boot (${enabled.name})`)];
  const [unit] = units;
  if (unit !== undefined) {
    return [
      warning(
        `systemd knows it (${unit.name}), but does not start it at boot`,
        `sudo systemctl enable --now ${unit.name}`,
      ),
    ];
  }
  if (isContainer) return [ok('it runs in a container, whose restart policy brings it back')];
  return [
    warning(
      'nothing starts zdenergy again after a reboot',
      pm2 === null
        ? 'npm install --global pm2, then pm2 start ecosystem.config.js && pm2 save && pm2 startup'
        : 'pm2 start ecosystem.config.js && pm2 save && pm2 startup',
    ),
  ];
}

function judgePm2(pm2: Keepers['pm2'], underPm2: boolean): Finding[] {
  const findings: Finding[] = [];
  if (!underPm2) {
    findings.push(
      warning('PM2 knows zdenergy, but does not run it now', 'pm2 start ecosystem.config.js'),
    );
  }
  if (pm2?.isSaved !== true) {
    findings.push(
      warning("PM2 forgets zdenergy at the next reboot: it is not in PM2's saved list", 'pm2 save'),
    );
  }
  if (pm2?.startsAtBoot !== true) {
    findings.push(warning('PM2 itself does not start at boot', 'pm2 startup, and do what it says'));
  }
  if (pm2?.rotatesLogs !== true) {
    findings.push(warning("PM2's logs grow without end", 'pm2 install pm2-logrotate'));
  }
  return findings.length > 0
    ? findings
    : [ok('PM2 runs it, starts it at boot, and rotates its logs')];
}
