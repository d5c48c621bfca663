/**
 * News as a message in words, and as fields for machines.
 *
 * Plain functions over values. What always holds: a subject is one line; texts that others chose, such
 * as ids of sensors, have no control characters; at most 10 sensors are named, and 100 in the fields.
 */
import { formatDuration, timeZone } from '@zdenergy/core';
import type { HealthStatus } from '../health.js';
import type { ReturnedSensor, SilentSensor } from './alert-state.js';
import { isOfSensors, newsId, type News } from './alert-news.js';
import type { HealthNews } from './health-alerts.js';
import type { SensorNews } from './sensor-alerts.js';

const maxNamed = 10;
const maxListed = 100;
const maxReasons = 10;
const maxSubjectReason = 80;
/** Readings that came in this time come in. */
const currentMs = 60_000;

export interface Message {
  readonly id: string;
  readonly event: News['event'] | 'test';
  readonly subject: string;
  /** Several lines; the first says what the subject does. */
  readonly text: string;
  /** What the plain webhook gets beside these. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What gateways do at the moment. */
export interface GatewaySight {
  readonly connected: number;
  /** Since one connected or sent anything; null: not known. */
  readonly activityAgeMs: number | null;
  /** Since a reading came in, or since somebody has watched for one. */
  readonly readingAgeMs: number;
}

export interface Circumstances {
  readonly installation: string;
  /** The name of the machine. */
  readonly host: string;
  /** An IANA time zone. */
  readonly displayTimeZone: string;
  readonly repeatMs: number;
  readonly nowMs: number;
  readonly gateways: GatewaySight;
}

export function messageOf(news: News, about: Circumstances): Message {
  const words = isOfSensors(news) ? sensorWords(news, about) : healthWords(news, about);
  const subject = `${words.mark} zdenergy on ${about.host}: ${words.head}`;
  return {
    id: newsId(about.installation, news),
    event: news.event,
    subject,
    text: [subject, '', ...words.lines].join('\n'),
    fields: isOfSensors(news) ? sensorFields(news) : healthFields(news, about),
  };
}

/** To try a channel with. */
export function testMessage(host: string, id: string): Message {
  const subject = `✅ zdenergy on ${host}: this is a test`;
  const text = [subject, '', 'Alerts of this zdenergy will look like this.', 'Nothing is wrong.'];
  return { id, event: 'test', subject, text: text.join('\n'), fields: {} };
}

interface Words {
  readonly mark: string;
  readonly head: string;
  readonly lines: readonly string[];
}

const markOf = (status: HealthStatus): string =>
  status === 'error' ? '❌' : status === 'warning' ? '⚠️' : '✅';

function healthWords(news: HealthNews, about: Circumstances): Words {
  const { incident, status, reasons } = news;
  const time = clock(about.displayTimeZone);
  const lasted = inWords(Math.max(0, (incident.untilMs ?? about.nowMs) - incident.sinceMs));
  const worst = shortened(oneLine(reasons[0] ?? ''), maxSubjectReason);
  const mark = markOf(status);
  const why = listed(reasons);
  const untilThen = `You will be told when it is good again, and reminded every ${inWords(about.repeatMs)} until then.`;
  const missed =
    news.missed === 0
      ? []
      : [`Before that it was bad ${times(news.missed)} more, which could not be told here.`];
  switch (news.event) {
    case 'bad':
      return {
        mark,
        head: `${status} - ${worst}`,
        lines: [
          `Health is ${status} since ${time(incident.sinceMs)}:`,
          ...why,
          ...missed,
          '',
          untilThen,
        ],
      };
    case 'changed':
      return {
        mark,
        head: `now ${status} - ${worst}`,
        lines: [
          `Health is not good since ${time(incident.sinceMs)} (${lasted}), and more is wrong now:`,
          ...why,
          '',
          untilThen,
        ],
      };
    case 'reminder':
      return {
        mark,
        head: `still ${status} after ${lasted} - ${worst}`,
        lines: [
          `Health is not good since ${time(incident.sinceMs)} (${lasted}):`,
          ...why,
          '',
          untilThen,
        ],
      };
    case 'good': {
      const from = `It was not from ${time(incident.sinceMs)} to ${time(incident.untilMs ?? about.nowMs)} (${lasted}):`;
      const late = news.isKnown
        ? []
        : ['', 'That it was bad could not be told here while it lasted.'];
      return {
        mark,
        head: `good again after ${lasted}`,
        lines: ['Health is ok.', from, ...why, ...late, ...missed],
      };
    }
    default:
      return news.event satisfies never;
  }
}

function sensorWords(news: SensorNews, about: Circumstances): Words {
  const count = news.sensors.length;
  const only = count === 1 ? news.sensors[0] : undefined;
  const who = only === undefined ? `${count} sensors` : `sensor ${harmless(only.sensorId)}`;
  const are = only === undefined ? 'are' : 'is';
  const time = clock(about.displayTimeZone);
  if (news.event === 'sensors_back') {
    const line = ({ sensorId, receivedAtMs, backAtMs }: ReturnedSensor): string =>
      `- ${harmless(sensorId)}: since ${time(backAtMs)}, after ${inWords(backAtMs - receivedAtMs)}`;
    return {
      mark: '✅',
      head: `${who} ${are} back`,
      lines: [
        `${count === 1 ? 'It sends' : 'They send'} readings again:`,
        ...firstFew(news.sensors, line),
        '',
        stillSilent(news.total),
      ],
    };
  }
  const line = ({ sensorId, receivedAtMs }: SilentSensor): string =>
    `- ${harmless(sensorId)}: the last reading came ${time(receivedAtMs)} (${inWords(about.nowMs - receivedAtMs)} ago)`;
  return {
    mark: '📴',
    head: `${who} ${are} silent`,
    lines: [
      `${count === 1 ? 'It does' : 'They do'} not report any more:`,
      ...firstFew(news.sensors, line),
      '',
      gatewayWords(about.gateways),
      stillSilent(news.total),
      `You will be told when ${count === 1 ? 'it is' : 'they are'} back.`,
    ],
  };
}

const stillSilent = (total: number): string =>
  total === 0
    ? 'No other sensor is silent.'
    : `In all, ${total} ${total === 1 ? 'sensor is' : 'sensors are'} silent now.`;

/** Tells gateways that are there and say nothing from gateways that are gone. */
export function gatewayWords({ connected, activityAgeMs, readingAgeMs }: GatewaySight): string {
  const gateways = connected === 1 ? '1 gateway is' : `${connected} gateways are`;
  if (readingAgeMs < currentMs) {
    return connected === 0
      ? 'Readings of other sensors come in.'
      : `Readings of other sensors come in, and ${gateways} connected.`;
  }
  const none = `No reading has come for ${inWords(readingAgeMs)}`;
  if (connected > 0) return `${none}, although ${gateways} connected: look at what they send.`;
  if (activityAgeMs !== null && activityAgeMs < readingAgeMs / 2) {
    return `${none}. Gateways connected ${inWords(activityAgeMs)} ago, but sent nothing and are gone.`;
  }
  return `${none}, and no gateway is connected: check their power and network.`;
}

function firstFew<Sensor extends SilentSensor>(
  sensors: readonly Sensor[],
  line: (sensor: Sensor) => string,
): string[] {
  const more = sensors.length - maxNamed;
  const lines = sensors.slice(0, maxNamed).map(line);
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}

function listed(reasons: readonly string[]): string[] {
  const more = reasons.length - maxReasons;
  const lines = reasons.slice(0, maxReasons).map((reason) => `- ${oneLine(reason)}`);
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}

function healthFields(news: HealthNews, { nowMs }: Circumstances): Message['fields'] {
  const { sinceMs, untilMs } = news.incident;
  return {
    status: news.status,
    reasons: news.reasons,
    since: iso(sinceMs),
    until: untilMs === null ? null : iso(untilMs),
    duration_seconds: Math.max(0, Math.round(((untilMs ?? nowMs) - sinceMs) / 1_000)),
  };
}

function sensorFields(news: SensorNews): Message['fields'] {
  const sensors =
    news.event === 'sensors_back'
      ? news.sensors.slice(0, maxListed).map(({ sensorId, receivedAtMs, backAtMs }) => ({
          sensor_id: sensorId,
          last_reading: iso(receivedAtMs),
          back_at: iso(backAtMs),
        }))
      : news.sensors.slice(0, maxListed).map(({ sensorId, receivedAtMs }) => ({
          sensor_id: sensorId,
          last_reading: iso(receivedAtMs),
        }));
  return { sensors, sensors_count: news.sensors.length, silent_in_all: news.total };
}

const iso = (wallMs: number): string => new Date(wallMs).toISOString();

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

/** Whole seconds are exact enough, and `0 s` is odd. */
const inWords = (durationMs: number): string =>
  formatDuration(Math.max(1_000, Math.round(durationMs / 1_000) * 1_000));

/** `2025-10-02 17:58:37` of the zone, with its name. */
function clock(zoneName: string): (wallMs: number) => string {
  const zone = timeZone(zoneName);
  return (wallMs) =>
    `${new Date(zone.toLocalMs(wallMs)).toISOString().slice(0, 19).replace('T', ' ')} (${zoneName})`;
}

/** Nothing in it ends a line, or moves a cursor. */
const harmless = (text: string): string => text.replace(/\p{C}/gu, '\u{FFFD}');
const oneLine = (text: string): string => harmless(text.replace(/\s+/g, ' ').trim());

function shortened(text: string, maxCharacters: number): string {
  const characters = [...text];
  return characters.length <= maxCharacters
    ? text
    : `${characters.slice(0, maxCharacters - 1).join('')}…`;
}
