/**
 * Where parts get what they measure: a zdenergy of its own for each, or the one that runs already.
 *
 * What always holds: whatever happens, what was started is stopped and what was made is removed; in
 * a database that is not our own the readings stay, for only its owner removes readings.
 */
import { chmod, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Releases } from '@zdenergy/core';
import type { ServerDescription } from '@zdenergy/storage';
import type { Options } from './arguments.js';
import { monotonicMs } from './generator-protocol.js';
import { choosePlace, startInstance, type Instance, type InstancePlace } from './instance.js';
import { LoadGenerator } from './load-generator.js';
import { openSession, OutsidePostgres } from './outside-postgres.js';
import { ProcessWatch } from './processes.js';
import type { StartProgram } from './program.js';
import { probe, type Target } from './target.js';

const dayMs = 86_400_000;

/** A zdenergy of the benchmark's own, and how it can be treated. */
export interface OwnSite {
  readonly target: Target & { readonly watch: ProcessWatch; readonly http: Instance['http'] };
  readonly instance: Instance;
  readonly place: InstancePlace;
  /** From the start of the process to the first reading being seen committed. */
  readonly firstStoredMs: number;
}

export interface OutsideSite extends OwnSite {
  readonly postgres: OutsidePostgres;
}

type Settings = Readonly<Record<string, string>>;

export class Lab {
  readonly options: Options;
  /** When the run began; a whole second. */
  readonly nowMs: number;
  readonly say: (line: string) => void;
  /** Of the first server that was measured. */
  server: ServerDescription | undefined;
  readonly #directory: string;
  readonly #prefix: string;
  readonly #startProgram: StartProgram;
  #sites = 0;
  #prefixes = 0;

  /** @param prefix what the ids of all sensors start with. @param say is told what is going on. */
  constructor(
    options: Options,
    place: { readonly directory: string; readonly prefix: string; readonly nowMs: number },
    startProgram: StartProgram,
    say: (line: string) => void,
  ) {
    this.options = options;
    this.nowMs = place.nowMs;
    this.say = say;
    this.#directory = place.directory;
    this.#prefix = place.prefix;
    this.#startProgram = startProgram;
  }

  loadGenerator(releases: Releases): LoadGenerator {
    const generator = new LoadGenerator(this.#startProgram, this.#directory);
    releases.push(() => generator.stop());
    return generator;
  }

  /** What is to be measured: the one that runs already, or one of our own. */
  async target(releases: Releases): Promise<Target> {
    const { existing } = this.options;
    if (existing === undefined) return (await this.own(releases)).target;
    const session = await openSession(existing.databaseUrl);
    releases.push(() => session.close());
    this.server ??= await session.describeServer();
    return this.#probed({
      address: existing.address,
      http: existing.http,
      session,
      generator: this.loadGenerator(releases),
      watch: undefined,
      prefix: this.#nextPrefix(),
    });
  }

  /** A new zdenergy with a Postgres of its own. */
  async own(releases: Releases, settings: Settings = {}): Promise<OwnSite> {
    const place = await this.place(releases, settings);
    const instance = await this.start(releases, place);
    const session = await openSession(instance.databaseUrl);
    releases.push(() => session.close());
    return this.#site(releases, place, instance, session, undefined);
  }

  /** A new zdenergy with a Postgres that it does not run. */
  async withOutsidePostgres(releases: Releases, settings: Settings = {}): Promise<OutsideSite> {
    const place = await this.place(releases, settings);
    const maker = await this.start(releases, place);
    const executable = await executableOfPostgres(maker);
    await maker.stop();
    const postgres = new OutsidePostgres(
      executable,
      join(place.directory, 'postgres'),
      maker.databaseUrl,
      this.#startProgram,
    );
    releases.push(() => postgres.stop());
    const session = await postgres.start();
    releases.push(() => session.close());
    const variables = { ...place.variables, DATABASE_URL: maker.databaseUrl };
    const instance = await this.start(releases, { ...place, variables });
    const site = await this.#site(releases, place, instance, session, postgres.pid);
    return { ...site, postgres };
  }

  async place(releases: Releases, settings: Settings = {}): Promise<InstancePlace> {
    this.#sites += 1;
    const directory = join(this.#directory, `data-${this.#sites}`);
    // Postgres, which root runs as another user, has to pass through it.
    await chmod(this.#directory, 0o711);
    releases.push(() => rm(directory, { recursive: true, force: true }));
    return choosePlace(directory, {
      INGEST_WORKERS: String(this.options.workers),
      ...settings,
    });
  }

  async start(releases: Releases, place: InstancePlace): Promise<Instance> {
    const instance = await startInstance(place, this.#startProgram);
    releases.push(() => instance.stop());
    return instance;
  }

  async #site(
    releases: Releases,
    place: InstancePlace,
    instance: Instance,
    session: Target['session'],
    outsidePostgresPid: number | undefined,
  ): Promise<OwnSite> {
    this.server ??= await session.describeServer();
    const watch = new ProcessWatch(instance.supervisorPid, outsidePostgresPid);
    releases.push(() => watch.stop());
    const target = {
      ...(await this.#probed({
        address: instance.address,
        http: instance.http,
        session,
        generator: this.loadGenerator(releases),
        watch,
        prefix: this.#nextPrefix(),
      })),
      http: instance.http,
      watch,
    };
    return { target, instance, place, firstStoredMs: monotonicMs() - instance.startedAtMs };
  }

  async #probed(target: Omit<Target, 'offsetMs'>): Promise<Target> {
    return { ...target, offsetMs: await probe(target, this.nowMs - dayMs) };
  }

  /** Each target has its own sensors: parts of one run do not send each other's readings again. */
  #nextPrefix(): string {
    this.#prefixes += 1;
    return `${this.#prefix}${this.#prefixes}-`;
  }
}

async function executableOfPostgres({ supervisorPid }: Instance): Promise<string> {
  const watch = new ProcessWatch(supervisorPid);
  watch.stop();
  const [pid] = watch.pidsOf('Postgres');
  return readlink(`/proc/${pid}/exe`);
}
