/**
 * When health is worth a message: turned bad, changed for the worse, still bad, good again.
 *
 * Plain functions over values. What always holds: a state counts once it has held for `holdMs`, and a
 * shorter one is as if it had never been; every channel that was told that health is bad is told that
 * it is good before it is told again that it is bad.
 *
 * Where health turns bad again and again, it must be good for longer each time before that counts:
 * then it is one incident with reminders, and not a hundred messages.
 */
import type { Fault, FaultKind } from '../faults.js';
import type { HealthStatus, Now } from '../health.js';
import type { HealthState, Incident, Told } from './alert-state.js';

/** A worker that dies and comes back, or a database that restarts, takes less. */
const holdMs = 10_000;
/** For longer than this nobody waits to hear that all is well. */
const maxGoodHoldMs = 600_000;
/** Bad again within this time after it was good: it flaps. */
const flapMs = 600_000;
/** A kind of fault that was away for this long is news when it comes again. */
const forgottenAfterMs = 600_000;
/** From reliability, for a worker to become ready: until then a start is no fault. */
const startMs = 30_000;

/** What comes with another fault as a matter of course, and is no news beside it. */
const consequences: Partial<Record<FaultKind, readonly FaultKind[]>> = {
  tcp: ['restarts', 'pending', 'stale'],
  journal: ['pending', 'stale'],
  database: ['pending', 'restarts'],
};

/** Health at a moment. */
export interface HealthSight {
  readonly status: HealthStatus;
  readonly faults: readonly Fault[];
  /** How long zdenergy has run; null: not known yet. */
  readonly uptimeMs: number | null;
}

/** What is kept in mind between two looks, by the monotonic clock; a restart may forget it. */
export interface HealthMemory {
  /** It was good once, or has had the time to become so. */
  readonly hasStarted: boolean;
  readonly badSinceMs: number | null;
  readonly goodSinceMs: number | null;
  readonly errorSinceMs: number | null;
  /** When an error was last seen. */
  readonly errorSeenMs: number;
  /** The kinds of fault that are there, and since when. */
  readonly present: ReadonlyMap<FaultKind, number>;
  /** When each kind was last seen. */
  readonly seen: ReadonlyMap<FaultKind, number>;
  /** The last sight; null: none yet. */
  readonly latest: HealthSight | null;
}

export const noHealthMemory: HealthMemory = {
  hasStarted: false,
  badSinceMs: null,
  goodSinceMs: null,
  errorSinceMs: null,
  errorSeenMs: Number.NEGATIVE_INFINITY,
  present: new Map(),
  seen: new Map(),
  latest: null,
};

interface Seen {
  /** The same object as before when nothing has happened. */
  readonly health: HealthState;
  readonly memory: HealthMemory;
}

/** Takes in what health is now; to be called about once a second. */
export function seeHealth(
  health: HealthState,
  before: HealthMemory,
  sight: HealthSight,
  now: Now,
): Seen {
  const memory = remember(before, sight, now.monotonicMs);
  const current = lastingIncident(health);
  if (current === undefined) return { memory, health: withBeginning(health, memory, sight, now) };
  const next = withEnd(health, current, memory, now) ?? withChange(health, current, memory, now);
  return { memory, health: next };
}

/** The one that health is in; undefined: none. */
function lastingIncident({ incidents }: HealthState): Incident | undefined {
  const latest = incidents.at(-1);
  return latest?.untilMs === null ? latest : undefined;
}

function remember(before: HealthMemory, sight: HealthSight, nowMs: number): HealthMemory {
  const isBad = sight.status !== 'ok';
  const hasStarted = before.hasStarted || !isBad || (sight.uptimeMs ?? 0) >= startMs;
  if (!hasStarted) return { ...noHealthMemory, latest: sight };
  const since = (is: boolean, sinceMs: number | null): number | null =>
    is ? (sinceMs ?? nowMs) : null;
  const kinds = new Set(sight.faults.map(({ kind }) => kind));
  const seen = new Map(before.seen);
  for (const kind of kinds) seen.set(kind, nowMs);
  return {
    hasStarted,
    badSinceMs: since(isBad, before.badSinceMs),
    goodSinceMs: since(!isBad, before.goodSinceMs),
    errorSinceMs: since(sight.status === 'error', before.errorSinceMs),
    errorSeenMs: sight.status === 'error' ? nowMs : before.errorSeenMs,
    present: new Map([...kinds].map((kind) => [kind, before.present.get(kind) ?? nowMs])),
    seen,
    latest: sight,
  };
}

const hasHeld = (sinceMs: number | null, nowMs: number, forMs = holdMs): boolean =>
  sinceMs !== null && nowMs - sinceMs >= forMs;

/** The moment on the wall clock at which something began. */
const wallTime = (sinceMs: number, now: Now): number =>
  Math.round(now.wallMs - (now.monotonicMs - sinceMs));

function withBeginning(
  health: HealthState,
  { badSinceMs }: HealthMemory,
  sight: HealthSight,
  now: Now,
): HealthState {
  if (badSinceMs === null || sight.status === 'ok') return health;
  if (!hasHeld(badSinceMs, now.monotonicMs)) return health;
  const previous = health.incidents.at(-1);
  const sinceMs = wallTime(badSinceMs, now);
  const endedMs = previous?.untilMs ?? Number.NEGATIVE_INFINITY;
  const incident: Incident = {
    number: (previous?.number ?? 0) + 1,
    sinceMs,
    untilMs: null,
    status: sight.status,
    faults: oneOfEachKind(sight.faults),
    changes: 0,
  };
  return {
    incidents: [...health.incidents, incident],
    flaps: sinceMs - endedMs < flapMs ? health.flaps + 1 : 0,
  };
}

/** Undefined: it has not ended. */
function withEnd(
  health: HealthState,
  current: Incident,
  { goodSinceMs }: HealthMemory,
  now: Now,
): HealthState | undefined {
  const neededMs = Math.min(maxGoodHoldMs, holdMs * 2 ** health.flaps);
  if (goodSinceMs === null || !hasHeld(goodSinceMs, now.monotonicMs, neededMs)) return undefined;
  const untilMs = Math.max(current.sinceMs, wallTime(goodSinceMs, now));
  return withIncident(health, { ...current, untilMs });
}

function withChange(
  health: HealthState,
  current: Incident,
  memory: HealthMemory,
  now: Now,
): HealthState {
  const nowMs = now.monotonicMs;
  const remembered = withoutForgotten(current, memory, nowMs);
  const said = remembered.faults.map(({ kind }) => kind);
  const expected = new Set(said.flatMap((kind) => [kind, ...(consequences[kind] ?? [])]));
  const isNew = [...memory.present].some(
    ([kind, sinceMs]) => !expected.has(kind) && hasHeld(sinceMs, nowMs),
  );
  const isWorse = remembered.status === 'warning' && hasHeld(memory.errorSinceMs, nowMs);
  if (isNew || isWorse) {
    const faults = memory.latest?.faults ?? [];
    const there = new Set(faults.map(({ kind }) => kind));
    const gone = remembered.faults.filter(({ kind }) => !there.has(kind));
    return withIncident(health, {
      ...remembered,
      status: isWorse ? 'error' : remembered.status,
      faults: oneOfEachKind([...faults, ...gone]),
      changes: remembered.changes + 1,
    });
  }
  return remembered === current ? health : withIncident(health, remembered);
}

/** Leaves out what was away for so long that it is news when it comes again. */
function withoutForgotten(current: Incident, memory: HealthMemory, nowMs: number): Incident {
  // Right after a restart nothing was seen yet, and nothing is forgotten; nor when all seems well.
  const { seen, latest, badSinceMs, errorSeenMs } = memory;
  if (latest === null || badSinceMs === null) return current;
  const isLongAgo = (seenMs: number | undefined): boolean =>
    nowMs - Math.max(seenMs ?? 0, badSinceMs) >= forgottenAfterMs;
  const faults = current.faults.filter(({ kind }) => !isLongAgo(seen.get(kind)));
  const isMilder = current.status === 'error' && isLongAgo(errorSeenMs);
  if (faults.length === current.faults.length && !isMilder) return current;
  return { ...current, faults, status: isMilder ? 'warning' : current.status };
}

const withIncident = (health: HealthState, incident: Incident): HealthState => ({
  ...health,
  incidents: [...health.incidents.slice(0, -1), incident],
});

/** The first of each kind, and so the worst. */
const oneOfEachKind = (faults: readonly Fault[]): Fault[] =>
  faults.filter(({ kind }, index) => faults.findIndex((one) => one.kind === kind) === index);

/** What a channel is to be told of health. */
export interface HealthNews {
  readonly event: 'bad' | 'changed' | 'reminder' | 'good';
  readonly incident: Incident;
  readonly status: HealthStatus;
  readonly reasons: readonly string[];
  /** Which reminder it is, or would be. */
  readonly reminder: number;
  /** Earlier incidents that the channel could not be told of at all. */
  readonly missed: number;
  /** The channel was told that this incident had begun. */
  readonly isKnown: boolean;
}

/** Undefined: nothing, or nothing yet. */
export function healthNews(
  health: HealthState,
  { latest }: Pick<HealthMemory, 'latest'>,
  told: Told,
  nowMs: number,
): HealthNews | undefined {
  const news = (
    event: HealthNews['event'],
    incident: Incident,
    { missed = 0, isKnown = true } = {},
  ): HealthNews => {
    const isOver = incident.untilMs !== null;
    const sight = !isOver && latest !== null && latest.status !== 'ok' ? latest : undefined;
    return {
      event,
      incident,
      status: isOver ? 'ok' : (sight?.status ?? incident.status),
      reasons: (sight ?? incident).faults.map(({ sentence }) => sentence),
      reminder: told.reminders + 1,
      missed,
      isKnown,
    };
  };
  const known = health.incidents.find(({ number }) => number === told.incident);
  if (!told.isOver && known !== undefined && known.untilMs !== null) return news('good', known);
  const incident = health.incidents.at(-1);
  if (incident === undefined) return undefined;
  const isKnown = incident.number === told.incident;
  if (incident.untilMs !== null) {
    if (isKnown) return undefined;
    return news('good', incident, { missed: incident.number - told.incident - 1, isKnown });
  }
  // While it looks good, it is either over soon, or it is bad again soon: both are better told then.
  if (latest === null || latest.status === 'ok') return undefined;
  if (!isKnown) {
    return news('bad', incident, { missed: incident.number - told.incident - 1, isKnown });
  }
  if (incident.changes > told.changes) return news('changed', incident);
  if (told.remindAtMs !== null && nowMs >= told.remindAtMs) return news('reminder', incident);
  return undefined;
}

/** What the channel was told once the news has arrived there. */
export function withHealthTold(
  told: Told,
  news: Pick<HealthNews, 'event' | 'incident' | 'reminder'>,
  nowMs: number,
  repeatMs: number,
): Told {
  const { number, changes } = news.incident;
  switch (news.event) {
    case 'bad':
      return {
        ...told,
        incident: number,
        changes,
        reminders: 0,
        isOver: false,
        remindAtMs: nowMs + repeatMs,
      };
    case 'changed':
      return { ...told, changes, remindAtMs: nowMs + repeatMs };
    case 'reminder':
      return { ...told, reminders: news.reminder, remindAtMs: nowMs + repeatMs };
    case 'good':
      return { ...told, incident: number, isOver: true, remindAtMs: null };
    default:
      return news.event satisfies never;
  }
}
