/**
 * What the benchmark asks of its load generators, each a process of its own, what they answer, and
 * how all of them take the time.
 *
 * What always holds: one question at a time; each gets one answer. Moments are on the machine's
 * monotonic clock, which all processes share.
 */
import type { Plan, Series } from './payload.js';

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
  prepare: {
    readonly plan: Plan;
    readonly connections: number;
    /** Of all lines, the part that repeats a reading sent before. */
    readonly resentShare?: number;
  };
  /** Send all that was prepared, as fast as it is taken. */
  flood: Address;
  /** Send ever new readings as fast as they are taken, for so long. */
  pour: Address & {
    readonly series: Series;
    readonly connections: number;
    readonly durationMs: number;
  };
  /** Open so many connections and keep them. */
  connect: Address & { readonly connections: number };
  /** Send the plan's readings over the connections that were opened, then close these. */
  send: { readonly plan: Plan; readonly schedule: Schedule };
  /** Begin to send at a steady rate, each sensor over a connection that is opened again when it ends. */
  steady: Address & { readonly series: Series; readonly perSecond: number; readonly ack: boolean };
  /** End that. */
  finish: Record<string, never>;
  /** Ask for a path so many times a second. */
  poll: Address & {
    readonly path: string;
    readonly perSecond: number;
    readonly durationMs: number;
  };
  /** Read an answer to its end. */
  download: Address & { readonly path: string };
  /** Begin to follow a stream of events with so many viewers, and to download a path over and over. */
  read: Address & {
    readonly viewers: number;
    readonly streamPath: string;
    readonly downloadPath: string;
  };
  /** End that. */
  finishReading: Record<string, never>;
}

export interface Answers {
  prepare: { readonly bytes: number };
  flood: {
    readonly firstByteAtMs: number;
    /** When the network had taken the last byte. */
    readonly lastByteAtMs: number;
    readonly cpuSeconds: number;
  };
  pour: Answers['flood'] & { readonly readings: number };
  connect: Record<string, never>;
  send: { readonly sentAtMs: readonly number[]; readonly cpuSeconds: number };
  steady: Record<string, never>;
  finish: {
    readonly sent: number;
    /** Of those, 0 without acknowledgements. */
    readonly unacknowledged: number;
    readonly reconnects: number;
    /** How late a reading was sent to an open connection, at most. */
    readonly lateMs: number;
    readonly cpuSeconds: number;
  };
  poll: {
    /** From when each answered poll was due to its answer. */
    readonly latenciesMs: readonly number[];
    readonly failures: number;
    readonly seconds: number;
    readonly cpuSeconds: number;
  };
  download: { readonly bytes: number; readonly lines: number; readonly seconds: number };
  read: Record<string, never>;
  finishReading: {
    readonly downloads: number;
    readonly downloadedBytes: number;
    readonly streamedBytes: number;
    /** Streams that ended before they were ended here. */
    readonly lostStreams: number;
  };
}

export type Kind = keyof Questions;
export interface Question<K extends Kind = Kind> {
  readonly kind: K;
  readonly question: Questions[K];
}
export type Reply =
  { readonly kind: Kind; readonly answer: Answers[Kind] } | { readonly problem: string };

/** How the process answers some of the questions. */
export type Answering<K extends Kind> = {
  [Name in K]: (question: Questions[Name]) => Promise<Answers[Name]>;
};

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
