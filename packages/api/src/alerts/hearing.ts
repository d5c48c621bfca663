/**
 * Since when gateways could be heard without interruption. Silence before that says nothing of sensors.
 *
 * Plain functions over values. What always holds: when in doubt, as after a pause of the machine or a
 * change of the clock, hearing begins anew, so that it is never longer than it was.
 */
import { incompleteMs, ingestWorkers, type ClusterReport } from '../cluster-report.js';
import type { Now } from '../health.js';
import type { SensorsState } from './alert-state.js';

/** A TCP worker that dies or is reloaded is back sooner, and its gateways wait for it. */
const gapMs = 60_000;
/** Smaller corrections of the clock change no silence that counts. */
const clockToleranceMs = 2_000;

/** What the TCP workers say at a moment. */
export interface EarState {
  /** All of them serve, and take what gateways send. */
  readonly isHearing: boolean;
  /** For how long all of their processes have run. */
  readonly upMs: number;
}

/** By how much the clock on the wall was set between two moments; 0: it was not. */
export function clockSetMs(before: Now | null, now: Now): number {
  if (before === null) return 0;
  const byMs = now.wallMs - before.wallMs - (now.monotonicMs - before.monotonicMs);
  return Math.abs(byMs) > clockToleranceMs ? byMs : 0;
}

/** What is kept in mind between two looks; a restart forgets it. */
export interface HearingMemory {
  /** The moment of the last look; null: there was none. */
  readonly lastLook: Now | null;
  /** This process has heard gateways before. */
  readonly hasHeard: boolean;
}
export const noHearingMemory: HearingMemory = { lastLook: null, hasHeard: false };

/** Takes in what the TCP workers say; to be called about once a second. */
export function hear(
  heard: SensorsState['heard'],
  ear: EarState,
  { lastLook, hasHeard }: HearingMemory,
  now: Now,
): SensorsState['heard'] {
  if (!ear.isHearing) return heard;
  const anew = { sinceMs: now.wallMs, untilMs: now.wallMs };
  if (heard === null || clockSetMs(lastLook, now) !== 0) return anew;
  // A process that was away itself knows from the workers' age that they were there meanwhile.
  const againMs = hasHeard ? now.wallMs : now.wallMs - ear.upMs;
  const isPaused = lastLook !== null && now.monotonicMs - lastLook.monotonicMs > gapMs;
  const isSetBack = now.wallMs < heard.untilMs - clockToleranceMs;
  if (isPaused || isSetBack || againMs - heard.untilMs > gapMs) return anew;
  return { sinceMs: heard.sinceMs, untilMs: now.wallMs };
}

/** What the supervisor's latest report says of hearing. */
export function earState(report: ClusterReport | null, monotonicMs: number): EarState {
  if (report === null || incompleteMs(report, monotonicMs) === null) return deaf;
  const workers = ingestWorkers(report.state);
  // While the journal takes nothing, gateways wait with what they have to say.
  if (workers.some(({ ingest }) => ingest?.journal.problem !== null)) return deaf;
  const ageMs = monotonicMs - report.receivedAtMs;
  return { isHearing: true, upMs: Math.min(...workers.map(({ uptimeMs }) => uptimeMs)) + ageMs };
}

const deaf: EarState = { isHearing: false, upMs: 0 };
