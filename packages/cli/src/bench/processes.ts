/**
 * What the processes of a running zdenergy use, as Linux shows it under /proc.
 *
 * What always holds: CPU time that Postgres's ended sessions had used is counted with their parent;
 * memory that Postgres's processes share is counted once.
 */
import { readFileSync, readdirSync } from 'node:fs';

/** In the order in which they are shown. */
export const roles = ['supervisor', 'ingest worker', 'api worker', 'Postgres'] as const;
export type Role = (typeof roles)[number];

export interface Usage {
  /** Since the processes started. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  /** The most that it ever was; for Postgres, that was seen. */
  readonly peakBytes: number;
}
export type UsageByRole = Readonly<Record<Role, Usage>> & {
  /** Of all processors, for whomever. */
  readonly machineBusySeconds: number;
};

/** The kernel counts CPU time in hundredths of a second for user space, on every architecture. */
const ticksPerSecond = 100;
const seenEveryMs = 1_000;

export interface ProcessTimes {
  readonly parent: number;
  readonly cpuSeconds: number;
  /** Of its children that have ended. */
  readonly endedChildrenCpuSeconds: number;
}

/** @param text of /proc/PID/stat; the second field may itself hold spaces and brackets. */
export function parseStat(text: string): ProcessTimes {
  // Numbered from the third field of proc(5), the state.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const seconds = (index: number): number => Number(fields[index]) / ticksPerSecond;
  return {
    parent: Number(fields[1]),
    cpuSeconds: seconds(11) + seconds(12),
    endedChildrenCpuSeconds: seconds(13) + seconds(14),
  };
}

/**
 * Seconds that all processors together have worked since the machine started, for whomever, those
 * taken by other guests of the same host included.
 * @param text of /proc/stat, whose first line sums up user, nice, system, idle, iowait, irq, softirq, steal
 */
export function parseBusySeconds(text: string): number {
  const [, ...ticks] = text.slice(0, text.indexOf('\n')).split(/\s+/).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticks;
  return (user + nice + system + irq + softirq + steal) / ticksPerSecond;
}

export interface ProcessMemory {
  readonly residentBytes: number;
  readonly peakBytes: number;
  /** Its own; the rest of what is resident can be shared with other processes. */
  readonly ownBytes: number;
}

/** @param text of /proc/PID/status */
export function parseStatus(text: string): ProcessMemory {
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return {
    residentBytes: bytes('VmRSS'),
    peakBytes: bytes('VmHWM'),
    ownBytes: bytes('RssAnon'),
  };
}

/** What a child of the supervisor is, by its command line; undefined for what does not last. */
export function roleOf(commandLine: string): Role | undefined {
  const [program = '', ...args] = commandLine.split('\0');
  if (args.some((arg) => /\/ingest\/dist\/main\.js$/.test(arg))) return 'ingest worker';
  if (args.some((arg) => /\/api\/dist\/main\.js$/.test(arg))) return 'api worker';
  return /(^|\/)postgres$/.test(program) ? 'Postgres' : undefined;
}

interface Member extends ProcessTimes, ProcessMemory {
  readonly pid: number;
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}

function readMember(pid: number): Member | undefined {
  const stat = readProc(pid, 'stat');
  const status = readProc(pid, 'status');
  if (stat === undefined || status === undefined) return undefined;
  return { pid, ...parseStat(stat), ...parseStatus(status) };
}

function childrenOf(parents: readonly number[]): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const stat = readProc(pid, 'stat');
      return stat !== undefined && parents.includes(parseStat(stat).parent);
    });
}

/** Watches the processes of one supervisor until stopped. */
export class ProcessWatch {
  readonly #supervisorPid: number;
  readonly #outsidePostgresPid: number | undefined;
  /** The children of the supervisor, which are to last as long as it is watched. */
  readonly #main: ReadonlyMap<Role, readonly number[]>;
  readonly #timer: NodeJS.Timeout;
  #postgresPeakBytes = 0;

  /**
   * @param outsidePostgresPid where Postgres is no child of the supervisor.
   * @throws {Error} when the supervisor does not have all of its children.
   */
  constructor(supervisorPid: number, outsidePostgresPid?: number) {
    this.#supervisorPid = supervisorPid;
    this.#outsidePostgresPid = outsidePostgresPid;
    this.#main = this.#findMain();
    const missing = roles.filter((role) => (this.#main.get(role) ?? []).length === 0);
    if (missing.length > 0) throw new Error(`zdenergy runs without its ${missing.join(', ')}`);
    this.#timer = setInterval(() => this.#postgres(undefined), seenEveryMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /**
   * @param withoutPid a session of Postgres whose CPU time is left out: the watcher's own.
   * @throws {Error} when one of the processes has ended or was started again.
   */
  usage(withoutPid?: number): UsageByRole {
    const now = this.#findMain();
    for (const [role, pids] of this.#main) {
      if (pids.join() !== (now.get(role) ?? []).join()) {
        throw new Error(`the ${role} ended while it was measured`);
      }
    }
    return {
      supervisor: this.#plain('supervisor'),
      'ingest worker': this.#plain('ingest worker'),
      'api worker': this.#plain('api worker'),
      Postgres: this.#postgres(withoutPid),
      machineBusySeconds: parseBusySeconds(readFileSync('/proc/stat', 'utf8')),
    };
  }

  /** What a role takes now; of a process that has ended, nothing. */
  memoryBytes(role: Role): number {
    return role === 'Postgres'
      ? this.#postgres(undefined).memoryBytes
      : this.#plain(role).memoryBytes;
  }

  /** Those that have the role at this moment. */
  pidsOf(role: Role): readonly number[] {
    return this.#findMain().get(role) ?? [];
  }

  #findMain(): Map<Role, number[]> {
    const main = new Map<Role, number[]>([['supervisor', [this.#supervisorPid]]]);
    if (this.#outsidePostgresPid !== undefined) main.set('Postgres', [this.#outsidePostgresPid]);
    for (const pid of childrenOf([this.#supervisorPid])) {
      const role = roleOf(readProc(pid, 'cmdline') ?? '');
      if (role !== undefined) main.set(role, [...(main.get(role) ?? []), pid]);
    }
    return main;
  }

  #plain(role: Role): Usage {
    const members = (this.#main.get(role) ?? []).flatMap((pid) => readMember(pid) ?? []);
    return {
      cpuSeconds: sum(members.map(({ cpuSeconds }) => cpuSeconds)),
      memoryBytes: sum(members.map(({ residentBytes }) => residentBytes)),
      peakBytes: sum(members.map(({ peakBytes }) => peakBytes)),
    };
  }

  #postgres(withoutPid: number | undefined): Usage {
    const first = this.#main.get('Postgres') ?? [];
    const members = [...first, ...childrenOf(first)].flatMap((pid) => readMember(pid) ?? []);
    const shared = members.map(({ residentBytes, ownBytes }) => residentBytes - ownBytes);
    const memoryBytes = sum(members.map(({ ownBytes }) => ownBytes)) + Math.max(0, ...shared);
    this.#postgresPeakBytes = Math.max(this.#postgresPeakBytes, memoryBytes);
    return {
      cpuSeconds: sum(
        members.map(
          ({ pid, cpuSeconds, endedChildrenCpuSeconds }) =>
            endedChildrenCpuSeconds + (pid === withoutPid ? 0 : cpuSeconds),
        ),
      ),
      memoryBytes,
      peakBytes: this.#postgresPeakBytes,
    };
  }
}

/** CPU seconds of each role from one usage to a later one. */
export function cpuBetween(before: UsageByRole, after: UsageByRole): Record<Role, number> {
  const seconds = (role: Role): number => after[role].cpuSeconds - before[role].cpuSeconds;
  return {
    supervisor: seconds('supervisor'),
    'ingest worker': seconds('ingest worker'),
    'api worker': seconds('api worker'),
    Postgres: seconds('Postgres'),
  };
}

/** Processors that were busy for others than zdenergy and the benchmark, on average. */
export function coresOfOthers(
  before: UsageByRole,
  after: UsageByRole,
  benchmarkCpuSeconds: number,
  seconds: number,
): number {
  const own = sum(Object.values(cpuBetween(before, after))) + benchmarkCpuSeconds;
  const busy = after.machineBusySeconds - before.machineBusySeconds;
  return Math.max(0, (busy - own) / seconds);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
