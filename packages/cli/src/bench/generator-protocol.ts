/**
 * What the benchmark asks of its load generator, a process of its own, what that answers, and how
 * both take the time.
 *
 * What always holds: one question at a time; each gets one answer. Moments are on the machine's
 * monotonic clock, which all processes share.
 */
import type { Plan } from './payload.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A reading of each gateway (the plan's sensors), evenly spread over each interval. */
export interface Schedule {
  readonly startMs: number;
  readonly intervalMs: number;
}

export interface Questions {
  /** Make all that is to be sent, so that sending costs no more than sending. */
  prepare: { readonly plan: Plan; readonly connections: number };
  /** Send all that was prepared, as fast as it is taken. */
  flood: Address;
  /** Open so many connections and keep them. */
  connect: Address & { readonly connections: number };
  /** Send the plan's readings over the connections that were opened, then close these. */
  send: { readonly plan: Plan; readonly schedule: Schedule };
}

export interface Answers {
  prepare: { readonly bytes: number };
  flood: {
    readonly firstByteAtMs: number;
    /** When the network had taken the last byte. */
    readonly lastByteAtMs: number;
    readonly cpuSeconds: number;
  };
  connect: Record<string, never>;
  send: { readonly sentAtMs: readonly number[]; readonly cpuSeconds: number };
}

export type Kind = keyof Questions;
export interface Question<K extends Kind = Kind> {
  readonly kind: K;
  readonly question: Questions[K];
}
export type Reply =
  { readonly kind: Kind; readonly answer: Answers[Kind] } | { readonly problem: string };

/** Milliseconds on the clock that all processes of the machine share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** CPU seconds of this process since then. */
export function cpuSecondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** When reading `number` is to be sent. */
export const dueMs = (plan: Plan, { startMs, intervalMs }: Schedule, number: number): number =>
  startMs + (number * intervalMs) / plan.sensors;
