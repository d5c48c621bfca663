/**
 * What a channel is to be told next, and what it was told then.
 *
 * Plain functions over values. What always holds: one thing at a time, health before sensors; the same
 * news has the same id until it was told, also after a restart, so that a receiver knows a repeat.
 */
import type { AlertState, ChannelName } from './alert-state.js';
import { withoutTold } from './alert-state.js';
import { healthNews, withHealthTold, type HealthMemory, type HealthNews } from './health-alerts.js';
import { sensorNews, withSensorsTold, type SensorNews } from './sensor-alerts.js';

export type News = HealthNews | SensorNews;

export const isOfSensors = (news: News): news is SensorNews =>
  news.event === 'sensors_silent' || news.event === 'sensors_back';

/** Undefined: nothing. */
export function newsFor(
  state: AlertState,
  memory: Pick<HealthMemory, 'latest'>,
  channel: ChannelName,
  nowMs: number,
): News | undefined {
  const told = state.told[channel];
  if (told === undefined) return undefined;
  return healthNews(state.health, memory, told, nowMs) ?? sensorNews(state.sensors, told);
}

/** The state once the news has arrived. */
export function withTold(
  state: AlertState,
  channel: ChannelName,
  news: News,
  nowMs: number,
  repeatMs: number,
): AlertState {
  const before = state.told[channel];
  if (before === undefined) return state;
  const told = isOfSensors(news)
    ? withSensorsTold(before, news)
    : withHealthTold(before, news, nowMs, repeatMs);
  return withoutTold({ ...state, told: { ...state.told, [channel]: told } });
}

/** Letters, digits and hyphens. */
export function newsId(installation: string, news: News): string {
  switch (news.event) {
    case 'bad':
    case 'good':
      return `${installation}-health-${news.incident.number}-${news.event}`;
    case 'changed':
      return `${installation}-health-${news.incident.number}-changed-${news.incident.changes}`;
    case 'reminder':
      return `${installation}-health-${news.incident.number}-reminder-${news.reminder}`;
    case 'sensors_silent':
      return `${installation}-sensors-${news.group}-silent`;
    case 'sensors_back':
      return `${installation}-sensors-${news.group}-back`;
    default:
      return news satisfies never;
  }
}
