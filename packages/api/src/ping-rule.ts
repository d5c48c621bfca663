/**
 * When Healthchecks.io is to be pinged: readings were stored, or health is `error`.
 *
 * Plain functions over values, with the monotonic clock. What always holds: at most one ping a minute of
 * each kind; while health is `error` no ping says that all is well.
 */
import type { HealthStatus } from './health.js';

/** From the interface. */
const intervalMs = 60_000;
/** An error that is shorter, as when a worker dies and comes back, is none to be woken for. */
const holdMs = 10_000;
/** From reliability, for a worker to become ready: until then a start is no error. */
const startMs = 30_000;

export interface PingState {
  /** How many readings were stored when that was last told; null: not seen yet. */
  readonly toldStored: number | null;
  readonly storedToldAtMs: number;
  readonly failureToldAtMs: number;
  readonly errorSinceMs: number | null;
  /** Health was good once, or has had the time to become so. */
  readonly hasStarted: boolean;
}

export const noPings: PingState = {
  toldStored: null,
  storedToldAtMs: Number.NEGATIVE_INFINITY,
  failureToldAtMs: Number.NEGATIVE_INFINITY,
  errorSinceMs: null,
  hasStarted: false,
};

export interface PingSight {
  readonly status: HealthStatus;
  readonly reasons: readonly string[];
  /** Stored, or found to be there already, since the data directory was made; null: not known. */
  readonly stored: number | null;
  readonly uptimeMs: number | null;
}

export type Ping =
  | { readonly kind: 'stored'; readonly stored: number }
  | { readonly kind: 'failure'; readonly reason: string };

/** Takes in how things are; to be called about once a second. */
export function seePings(before: PingState, sight: PingSight, nowMs: number): PingState {
  const isError = sight.status === 'error';
  const hasStarted = before.hasStarted || sight.status === 'ok' || (sight.uptimeMs ?? 0) >= startMs;
  return {
    ...before,
    hasStarted,
    errorSinceMs: isError && hasStarted ? (before.errorSinceMs ?? nowMs) : null,
    // What was stored before anybody watched is not news.
    toldStored: before.toldStored ?? sight.stored,
  };
}

/** The ping that is due; undefined: none. */
export function duePing(state: PingState, sight: PingSight, nowMs: number): Ping | undefined {
  if (sight.status === 'error') {
    const hasHeld = state.errorSinceMs !== null && nowMs - state.errorSinceMs >= holdMs;
    if (!hasHeld || nowMs - state.failureToldAtMs < intervalMs) return undefined;
    return { kind: 'failure', reason: sight.reasons.join('\n') };
  }
  const { stored } = sight;
  if (stored === null || state.toldStored === null || stored <= state.toldStored) return undefined;
  return nowMs - state.storedToldAtMs < intervalMs ? undefined : { kind: 'stored', stored };
}

/** The state once the ping has arrived. @param sentAtMs when it was sent. */
export const afterPing = (state: PingState, ping: Ping, sentAtMs: number): PingState =>
  ping.kind === 'stored'
    ? { ...state, toldStored: ping.stored, storedToldAtMs: sentAtMs }
    : { ...state, failureToldAtMs: sentAtMs };
