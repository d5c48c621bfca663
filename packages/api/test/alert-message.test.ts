/** Alerts in words: what a person reads on his phone, and what a program gets. */
import { gatewayWords, messageOf, type Circumstances } from '../src/alerts/alert-message.js';
import type { Incident } from '../src/alerts/alert-state.js';
import type { HealthNews } from '../src/alerts/health-alerts.js';

const sinceMs = Date.parse('2025-10-02T15:58:37Z');
const minute = 60_000;
const about: Circumstances = {
  installation: 'it',
  host: 'farm-1',
  displayTimeZone: 'Europe/Berlin',
  repeatMs: 240 * minute,
  nowMs: sinceMs + 12 * minute,
  gateways: { connected: 3, activityAgeMs: 1_000, readingAgeMs: 12 * minute },
};
const incident: Incident = {
  number: 7,
  sinceMs,
  untilMs: null,
  status: 'error',
  faults: [{ kind: 'tcp', sentence: 'TCP worker ingest-1 is down.' }],
  changes: 2,
};
const news = (changes: Partial<HealthNews>): HealthNews => ({
  event: 'bad',
  incident,
  status: 'error',
  reasons: ['TCP worker ingest-1 is down.', 'The disk is\nfull.'],
  reminder: 3,
  missed: 0,
  isKnown: true,
  ...changes,
});
const over = { ...incident, untilMs: sinceMs + 60 * minute };

const until = 'You will be told when it is good again, and reminded every 4 h until then.';

it.each<[string, HealthNews, string, string, string]>([
  [
    'turned bad',
    news({}),
    'it-health-7-bad',
    '❌ zdenergy on farm-1: error - TCP worker ingest-1 is down.',
    'Health is error since 2025-10-02 17:58:37 (Europe/Berlin):\n' +
      `- TCP worker ingest-1 is down.\n- The disk is full.\n\n${until}`,
  ],
  [
    'turned bad after more that was missed',
    news({ status: 'warning', reasons: ['Away.'], missed: 2 }),
    'it-health-7-bad',
    '⚠️ zdenergy on farm-1: warning - Away.',
    'Health is warning since 2025-10-02 17:58:37 (Europe/Berlin):\n- Away.\n' +
      `Before that it was bad 2 times more, which could not be told here.\n\n${until}`,
  ],
  [
    'got worse',
    news({ event: 'changed', reasons: ['A.'] }),
    'it-health-7-changed-2',
    '❌ zdenergy on farm-1: now error - A.',
    'Health is not good since 2025-10-02 17:58:37 (Europe/Berlin) (12 min), and more is wrong now:\n' +
      `- A.\n\n${until}`,
  ],
  [
    'still bad',
    news({ event: 'reminder', reasons: ['A.'] }),
    'it-health-7-reminder-3',
    '❌ zdenergy on farm-1: still error after 12 min - A.',
    `Health is not good since 2025-10-02 17:58:37 (Europe/Berlin) (12 min):\n- A.\n\n${until}`,
  ],
  [
    'good again',
    news({ event: 'good', status: 'ok', incident: over, reasons: ['A.'] }),
    'it-health-7-good',
    '✅ zdenergy on farm-1: good again after 1 h',
    'Health is ok.\nIt was not from 2025-10-02 17:58:37 (Europe/Berlin) ' +
      'to 2025-10-02 18:58:37 (Europe/Berlin) (1 h):\n- A.',
  ],
  [
    'good again, and nobody knew',
    news({ event: 'good', status: 'ok', incident: over, reasons: ['A.'], isKnown: false }),
    'it-health-7-good',
    '✅ zdenergy on farm-1: good again after 1 h',
    'Health is ok.\nIt was not from 2025-10-02 17:58:37 (Europe/Berlin) ' +
      'to 2025-10-02 18:58:37 (Europe/Berlin) (1 h):\n- A.\n\n' +
      'That it was bad could not be told here while it lasted.',
  ],
])('%s', (_what, one, id, subject, text) => {
  expect(messageOf(one, about)).toMatchObject({ id, subject, text: `${subject}\n\n${text}` });
});

it('health has fields for programs', () => {
  expect(messageOf(news({}), about).fields).toEqual({
    status: 'error',
    reasons: ['TCP worker ingest-1 is down.', 'The disk is\nfull.'],
    since: '2025-10-02T15:58:37.000Z',
    until: null,
    duration_seconds: 720,
  });
});

describe('sensors', () => {
  const silent = (sensorId: string) => ({ sensorId, receivedAtMs: sinceMs, group: 4 });
  const fifty = Array.from({ length: 50 }, (_, n) => silent(`sensor-${n}`));

  it('one that is silent', () => {
    const one = { event: 'sensors_silent', sensors: [silent('a')], group: 4, total: 3 } as const;
    const subject = '📴 zdenergy on farm-1: sensor a is silent';
    expect(messageOf(one, about)).toEqual({
      id: 'it-sensors-4-silent',
      event: 'sensors_silent',
      subject,
      text:
        `${subject}\n\nIt does not report any more:\n` +
        '- a: the last reading came 2025-10-02 17:58:37 (Europe/Berlin) (12 min ago)\n\n' +
        'No reading has come for 12 min, although 3 gateways are connected: look at what they send.\n' +
        'In all, 3 sensors are silent now.\nYou will be told when it is back.',
      fields: {
        sensors: [{ sensor_id: 'a', last_reading: '2025-10-02T15:58:37.000Z' }],
        sensors_count: 1,
        silent_in_all: 3,
      },
    });
  });

  it('of fifty, ten are named', () => {
    const site = { event: 'sensors_silent', sensors: fifty, group: 4, total: 50 } as const;
    const { subject, text, fields } = messageOf(site, about);
    expect(subject).toBe('📴 zdenergy on farm-1: 50 sensors are silent');
    expect(text).toContain('\n- sensor-9: ');
    expect(text).toContain('\nand 40 more\n');
    expect(text).not.toContain('sensor-10');
    expect(fields['sensors']).toHaveLength(50);
  });

  it('that are back, with how long they were gone', () => {
    const sensors = [{ ...silent('a'), backAtMs: sinceMs + 125 * minute }];
    const back = { event: 'sensors_back', sensors, group: 5, total: 0 } as const;
    const { id, subject, text, fields } = messageOf(back, about);
    expect(id).toBe('it-sensors-5-back');
    expect(subject).toBe('✅ zdenergy on farm-1: sensor a is back');
    expect(text).toContain('- a: since 2025-10-02 20:03:37 (Europe/Berlin), after 2 h 5 min\n');
    expect(text).toContain('No other sensor is silent.');
    expect(fields['sensors']).toEqual([
      {
        sensor_id: 'a',
        last_reading: '2025-10-02T15:58:37.000Z',
        back_at: '2025-10-02T18:03:37.000Z',
      },
    ]);
  });

  it('whose id would end the subject', () => {
    const evil = silent('a\r\nBcc: all@example.com\u001b[2J');
    const one = { event: 'sensors_silent', sensors: [evil], group: 4, total: 1 } as const;
    expect(messageOf(one, about).subject).not.toMatch(/\p{C}/u);
  });
});

it.each([
  [3, 1_000, 5_000, 'Readings of other sensors come in, and 3 gateways are connected.'],
  [0, 1_000, 5_000, 'Readings of other sensors come in.'],
  [
    1,
    1_000,
    720_000,
    'No reading has come for 12 min, although 1 gateway is connected: look at what they send.',
  ],
  [
    0,
    30_000,
    720_000,
    'No reading has come for 12 min. Gateways connected 30 s ago, but sent nothing and are gone.',
  ],
  [
    0,
    720_000,
    720_000,
    'No reading has come for 12 min, and no gateway is connected: check their power and network.',
  ],
  [
    0,
    null,
    720_000,
    'No reading has come for 12 min, and no gateway is connected: check their power and network.',
  ],
])('%d gateways, activity %s ms ago, a reading %d ms ago', (connected, activity, reading, text) => {
  expect(gatewayWords({ connected, activityAgeMs: activity, readingAgeMs: reading })).toBe(text);
});
