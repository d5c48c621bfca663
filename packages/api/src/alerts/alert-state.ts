/**
 * What alerts keep through a restart: what is wrong and since when, and what each channel was told.
 *
 * Nothing is queued. What a channel is to be told follows from what is, and from what it was told last,
 * so that after hours of failing it gets the newest state and not a hundred messages. What always
 * holds: numbers only grow; times are of the wall clock, since they outlive the process, and are moved
 * along when that clock is set (`withClockSet`); everything is bounded.
 */
import { z } from '@zdenergy/core';
import type * as zod from 'zod';
import { faultKinds } from '../faults.js';

/** Silent sensors that are kept in mind, and those that came back and are still to be told. */
export const maxSensors = 10_000;

const wallMs = z.number();
const number = z.int().nonnegative();
const status = z.enum(['warning', 'error']);

const fault = z.object({ kind: z.enum(faultKinds), sentence: z.string() });

/** From when health turned bad to when it was good again. */
const incident = z.object({
  number,
  sinceMs: wallMs,
  /** Null: it lasts. */
  untilMs: wallMs.nullable(),
  /** The worst that is to be said of it at the moment. */
  status,
  /** What is to be said of it at the moment, at most one fault of a kind. */
  faults: z.array(fault),
  /** How often something was added that must be said. */
  changes: number,
});
export type Incident = Readonly<zod.infer<typeof incident>>;

const health = z.object({
  /** The newest last; earlier ones only while a channel has to be told of their end. */
  incidents: z.array(incident),
  /** How many times in a row it turned bad again soon after it was good. */
  flaps: number,
});
export type HealthState = Readonly<zod.infer<typeof health>>;

const silentSensor = z.object({
  sensorId: z.string(),
  /** When its last reading was received. */
  receivedAtMs: wallMs,
  /** Sensors that turned silent together have the same number; a later group has a higher one. */
  group: number,
});
export type SilentSensor = Readonly<zod.infer<typeof silentSensor>>;

const returnedSensor = z.object({
  sensorId: z.string(),
  /** When the last reading before the silence was received, and the first one after it. */
  receivedAtMs: wallMs,
  backAtMs: wallMs,
  group: number,
});
export type ReturnedSensor = Readonly<zod.infer<typeof returnedSensor>>;

const sensors = z.object({
  /** The number of the latest group, of silent or of returned sensors. */
  groups: number,
  silent: z.array(silentSensor),
  /** Those that some channel has to be told of. */
  returned: z.array(returnedSensor),
  /** While gateways could be heard without interruption; null: not yet. */
  heard: z.object({ sinceMs: wallMs, untilMs: wallMs }).nullable(),
});
export type SensorsState = Readonly<zod.infer<typeof sensors>>;

/** What a channel was told last. */
const told = z.object({
  /** Of incidents up to this one; 0: of none. */
  incident: number,
  /** Of so many changes of it. */
  changes: number,
  reminders: number,
  /** True: that it is over, so that the channel believes all to be well. */
  isOver: z.boolean(),
  remindAtMs: wallMs.nullable(),
  /** Of silent and of returned sensors up to these groups. */
  silentGroup: number,
  returnedGroup: number,
});
export type Told = Readonly<zod.infer<typeof told>>;

const alertState = z.object({
  version: z.literal(1),
  /** Made once, so that the ids of messages are unique among installations. */
  installation: z.string().regex(/^[\w-]{1,40}$/),
  health,
  sensors,
  /** By the channel's name. */
  told: z.partialRecord(z.enum(['slack', 'email', 'webhook']), told),
});
export type AlertState = Readonly<zod.infer<typeof alertState>>;
export type ChannelName = keyof AlertState['told'];

/** @throws when it is no state. */
export const parseAlertState = (value: unknown): AlertState => alertState.parse(value);

export const emptyState = (installation: string): AlertState => ({
  version: 1,
  installation,
  health: { incidents: [], flaps: 0 },
  sensors: { groups: 0, silent: [], returned: [], heard: null },
  told: {},
});

/**
 * The state with what these channels were told, and no others: a new one gets to know what is wrong
 * now, and nothing of what is over.
 */
export function forChannels(state: AlertState, names: readonly ChannelName[]): AlertState {
  const latest = state.health.incidents.at(-1);
  const isLasting = latest?.untilMs === null;
  const nothing: Told = {
    incident: (latest?.number ?? 0) - (isLasting ? 1 : 0),
    changes: 0,
    reminders: 0,
    isOver: true,
    remindAtMs: null,
    silentGroup: 0,
    returnedGroup: state.sensors.groups,
  };
  const entries = names.map((name) => [name, state.told[name] ?? nothing] as const);
  return withoutTold({ ...state, told: Object.fromEntries(entries) });
}

/** Leaves out what every channel was told and is over. */
export function withoutTold(state: AlertState): AlertState {
  const all = Object.values(state.told);
  const { incidents } = state.health;
  const needed = incidents.filter(
    ({ number: own }, index) =>
      index === incidents.length - 1 || all.some((one) => one.incident === own && !one.isOver),
  );
  const returned = state.sensors.returned
    .filter(({ group }) => all.some(({ returnedGroup }) => returnedGroup < group))
    .slice(-maxSensors);
  return {
    ...state,
    health: { ...state.health, incidents: needed },
    sensors: { ...state.sensors, returned },
  };
}

/**
 * The state after the clock on the wall was set by so much: what has lasted for an hour has lasted for
 * an hour still. Receipts of readings stay, since the database has them as they were.
 */
export function withClockSet(state: AlertState, byMs: number): AlertState {
  const { health: before, sensors: sensorsBefore, told: toldBefore } = state;
  const moved = (timeMs: number | null): number | null => (timeMs === null ? null : timeMs + byMs);
  return {
    ...state,
    health: {
      ...before,
      incidents: before.incidents.map((one) => ({
        ...one,
        sinceMs: one.sinceMs + byMs,
        untilMs: moved(one.untilMs),
      })),
    },
    sensors: {
      ...sensorsBefore,
      heard: sensorsBefore.heard && {
        sinceMs: sensorsBefore.heard.sinceMs + byMs,
        untilMs: sensorsBefore.heard.untilMs + byMs,
      },
    },
    told: Object.fromEntries(
      Object.entries(toldBefore).map(([name, one]) => [
        name,
        { ...one, remindAtMs: moved(one.remindAtMs) },
      ]),
    ),
  };
}

/** As it was kept, at a later moment: nothing began after now, whatever the clock was set to meanwhile. */
export function afterRestart(state: AlertState, nowMs: number, repeatMs: number): AlertState {
  const past = (timeMs: number): number => Math.min(timeMs, nowMs);
  const { health: before, told: toldBefore } = state;
  return {
    ...state,
    health: {
      ...before,
      incidents: before.incidents.map((one) => ({
        ...one,
        sinceMs: past(one.sinceMs),
        untilMs: one.untilMs === null ? null : past(one.untilMs),
      })),
    },
    told: Object.fromEntries(
      Object.entries(toldBefore).map(([name, one]) => [
        name,
        {
          ...one,
          remindAtMs: one.remindAtMs === null ? null : Math.min(one.remindAtMs, nowMs + repeatMs),
        },
      ]),
    ),
  };
}
