/** Settings: defaults, refusals, contradictions, and the files that tell of them. */
import { readFileSync } from 'node:fs';
import {
  describeSettings,
  parseSettings,
  SettingsError,
  settingsTable,
  type Settings,
} from '../src/settings.js';

/** What is wrong with an environment, as told to the operator. */
function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    parseSettings(environment);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

describe('an empty environment', () => {
  it('gives every default', () => {
    expect(parseSettings({})).toMatchObject({
      dataDir: './data',
      databaseUrl: undefined,
      embeddedPgPort: 5433,
      tcpHost: '0.0.0.0',
      tcpPort: 6000,
      tcpAck: false,
      tcpIdleTimeoutMs: 60_000,
      tcpMaxConnections: 10_000,
      tcpMaxConnectionsPerIp: 0,
      tcpAllow: [],
      tlsPort: 6001,
      maxFrameBytes: 65_536,
      clockSkewFutureMs: 86_400_000,
      sensorTimeZone: 'UTC',
      displayTimeZone: 'UTC',
      luxPerWm2: 127,
      ingestWorkers: 1,
      retentionDays: 0,
      dailyExportDir: undefined,
      httpHost: '0.0.0.0',
      httpPort: 5000,
      staleAfterMs: 600_000,
      memoryReadings: 1_000,
      adminPassword: undefined,
      apiToken: undefined,
      slackWebhookUrl: undefined,
      smtpUrl: undefined,
      alertEmailTo: undefined,
      alertEmailFrom: undefined,
      alertWebhookUrl: undefined,
      alertRepeatMs: 14_400_000,
      healthchecksPingUrl: undefined,
      logLevel: 'info',
      logFormat: 'text',
    } satisfies Partial<Settings>);
  });

  it('is the same as one in which every variable is empty', () => {
    const empty = Object.values(settingsTable).map(({ variable }) => [variable, '']);
    expect(parseSettings(Object.fromEntries(empty) as Record<string, string>)).toEqual(
      parseSettings({}),
    );
  });

  it('leaves out what is no setting', () => {
    expect(parseSettings({ PATH: '/bin', tcpPort: '1' })).toEqual(parseSettings({}));
  });
});

describe('a setting that is given', () => {
  it.each<[string, string, keyof Settings, unknown]>([
    ['TCP_PORT', '7000', 'tcpPort', 7_000],
    ['TCP_ACK', 'on', 'tcpAck', true],
    ['TCP_ACK', 'false', 'tcpAck', false],
    ['TCP_ACK', '0', 'tcpAck', false],
    ['TCP_IDLE_TIMEOUT', '2m', 'tcpIdleTimeoutMs', 120_000],
    ['STALE_AFTER', '600', 'staleAfterMs', 600_000],
    ['TCP_ALLOW', '10.0.0.0/8, ::1,,', 'tcpAllow', ['10.0.0.0/8', '::1']],
    ['LUX_PER_WM2', '120.5', 'luxPerWm2', 120.5],
    ['MEMORY_READINGS', '0', 'memoryReadings', 0],
    ['RETENTION_DAYS', '1', 'retentionDays', 1],
    ['DAILY_EXPORT_DIR', '/srv/days', 'dailyExportDir', '/srv/days'],
    ['SENSOR_TIMEZONE', 'Asia/Shanghai', 'sensorTimeZone', 'Asia/Shanghai'],
    ['DISPLAY_TIMEZONE', 'Europe/Berlin', 'displayTimeZone', 'Europe/Berlin'],
    ['DATABASE_URL', 'postgres://a:b@c,d:5432/e', 'databaseUrl', 'postgres://a:b@c,d:5432/e'],
    ['DATABASE_URL', 'postgresql://c/e', 'databaseUrl', 'postgresql://c/e'],
    ['ALERT_REPEAT', '30m', 'alertRepeatMs', 1_800_000],
    ['ALERT_WEBHOOK_URL', 'http://10.0.0.7:8080/a', 'alertWebhookUrl', 'http://10.0.0.7:8080/a'],
    ['HEALTHCHECKS_PING_URL', 'https://hc.test/1', 'healthchecksPingUrl', 'https://hc.test/1'],
    ['LOG_FORMAT', 'json', 'logFormat', 'json'],
  ])('%s=%s', (variable, value, field, parsed) => {
    expect(parseSettings({ [variable]: value })[field]).toEqual(parsed);
  });

  it.each([
    ['TCP_PORT', '0'],
    ['TCP_PORT', '65536'],
    ['TCP_PORT', '6000.5'],
    ['TCP_PORT', 'six thousand'],
    ['HTTP_PORT', '-1'],
    ['TCP_ACK', 'maybe'],
    ['TCP_IDLE_TIMEOUT', 'soon'],
    ['TCP_IDLE_TIMEOUT', '0'],
    ['INGEST_WORKERS', '0'],
    ['RETENTION_DAYS', '-1'],
    ['RETENTION_DAYS', '0.5'],
    ['RETENTION_DAYS', '30d'],
    ['RETENTION_DAYS', '36501'],
    ['LUX_PER_WM2', '0'],
    ['LUX_PER_WM2', 'Infinity'],
    ['MAX_FRAME_BYTES', '1'],
    ['SENSOR_TIMEZONE', 'Berlin'],
    ['ALERT_REPEAT', 'often'],
    ['LOG_LEVEL', 'loud'],
    ['LOG_FORMAT', 'xml'],
  ])('%s=%s is refused, by name and with what was given', (variable, value) => {
    expect(problemsOf({ [variable]: value })).toEqual([
      expect.stringMatching(`^${variable}="${value}": .+`),
    ]);
  });

  it('is refused with one line that says what is expected', () => {
    expect(problemsOf({ TCP_PORT: 'six thousand', INGEST_WORKERS: '65' })).toEqual([
      'TCP_PORT="six thousand": expected a port, from 1 to 65535',
      'INGEST_WORKERS="65": expected a whole number from 1 to 64',
    ]);
  });

  it.each([
    ['DATABASE_URL', 'mysql://sam:hunter2@db/site', 'expected postgres:'],
    ['DATABASE_URL', 'postgres://sam:hunter2#@db/site', 'this is no address; .*percent codes'],
    ['SLACK_WEBHOOK_URL', 'hooks.slack.com/hunter2', 'expected an address that begins'],
    ['ALERT_WEBHOOK_URL', 'https://hunter2:x/', 'this is no address'],
    ['HEALTHCHECKS_PING_URL', 'ftp://hc-ping.com/hunter2', 'expected an address that begins'],
    ['ADMIN_PASSWORD', 'hunter2', 'expected at least 8'],
    ['API_TOKEN', 'hunter2', 'expected at least 16'],
  ])('%s is a secret: a wrong one is named, not shown', (variable, value, expected) => {
    const problems = problemsOf({ [variable]: value });
    expect(problems).toEqual([expect.stringMatching(`^${variable}=.not shown.: ${expected}`)]);
    expect(problems.join()).not.toContain('hunter2');
  });
});

describe('e-mail', () => {
  const server = 'smtp://sam:hunter2@mail.example.com:587';
  const incomplete = 'SMTP_URL and ALERT_EMAIL_TO: set both, or neither';
  const wrongServer = 'SMTP_URL=(not shown): expected smtp://USER:PASSWORD@HOST:587, ';

  it.each<[string, Record<string, string>, unknown[]]>([
    ['a server and a receiver', { SMTP_URL: server, ALERT_EMAIL_TO: 'a@b.c' }, []],
    [
      'several, with names',
      { SMTP_URL: server, ALERT_EMAIL_TO: 'a@b.c, Sam Day <d@e.f>', ALERT_EMAIL_FROM: 'z@b.c' },
      [],
    ],
    ['a server alone', { SMTP_URL: server }, [incomplete]],
    ['a receiver alone', { ALERT_EMAIL_TO: 'a@b.c' }, [incomplete]],
    ['a sender alone', { ALERT_EMAIL_FROM: 'a@b.c' }, [expect.stringMatching('^ALERT_EMAIL_FROM')]],
    [
      'no server of mail',
      { SMTP_URL: 'https://sam:hunter2@b.c', ALERT_EMAIL_TO: 'a@b.c' },
      [expect.stringContaining(wrongServer)],
    ],
    [
      'a password that needs percent codes',
      { SMTP_URL: 'smtp://sam:hunter2#@b.c', ALERT_EMAIL_TO: 'a@b.c' },
      [expect.stringMatching('^SMTP_URL=.not shown.: this is no address; .*percent codes')],
    ],
    [
      'no receiver of mail',
      { SMTP_URL: server, ALERT_EMAIL_TO: 'sam' },
      ['ALERT_EMAIL_TO="sam": expected addresses such as ops@example.com, with commas'],
    ],
  ])('%s', (_what, environment, problems) => {
    expect(problemsOf(environment)).toEqual(problems);
    expect(problemsOf(environment).join()).not.toContain('hunter2');
  });
});

describe('several wrong settings', () => {
  it('are reported together', () => {
    expect(() => parseSettings({ TCP_PORT: 'x', HTTP_PORT: 'y', LOG_LEVEL: 'z' })).toThrow(
      /^Wrong settings:\n {2}TCP_PORT=.*\n {2}HTTP_PORT=.*\n {2}LOG_LEVEL=.*$/,
    );
  });
});

describe('settings that do not go together', () => {
  const tls = { TLS_CERT: 'cert.pem', TLS_KEY: 'key.pem' };
  const database = { DATABASE_URL: 'postgres://db/site' };

  it.each<[string, Record<string, string>, string[]]>([
    ['a certificate alone', { TLS_CERT: 'a' }, ['TLS_CERT and TLS_KEY: set both, or neither']],
    ['a key alone', { TLS_KEY: 'a' }, ['TLS_CERT and TLS_KEY: set both, or neither']],
    ['an authority alone', { TLS_CA: 'a' }, ['TLS_CA: needs TLS_CERT and TLS_KEY']],
    ['all of TLS', { ...tls, TLS_CA: 'ca.pem' }, []],
    ['one port twice', { TCP_PORT: '5000' }, ['TCP_PORT and HTTP_PORT: both are 5000']],
    ['the TLS port without TLS', { TCP_PORT: '6001' }, []],
    [
      'the TLS port with TLS',
      { ...tls, TCP_PORT: '6001' },
      ['TCP_PORT and TLS_PORT: both are 6001'],
    ],
    [
      'the port of its own Postgres',
      { TCP_PORT: '5433' },
      ['TCP_PORT and EMBEDDED_PG_PORT: both are 5433'],
    ],
    ['that port, with another Postgres', { ...database, TCP_PORT: '5433' }, []],
  ])('%s', (_what, environment, problems) => {
    expect(problemsOf(environment)).toEqual(problems);
  });
});

describe('the table', () => {
  const rows = Object.values(settingsTable);

  it('names each variable once', () => {
    const names = rows.map(({ variable }) => variable);
    expect(new Set(names).size).toBe(names.length);
  });

  it('is told in full by the help text', () => {
    const lines = describeSettings().split('\n');
    expect(lines).toHaveLength(rows.length);
    for (const [index, { variable, help }] of rows.entries()) {
      expect(lines[index]).toMatch(new RegExp(`^${variable} `));
      expect(lines[index]).toContain(help);
    }
  });

  it('is told in full by .env.example', () => {
    const example = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8');
    const told = rows.map((row) => `# ${row.help}\n#${row.variable}=${row.default ?? ''}\n`);
    expect(example).toContain(told.join('\n'));
  });
});
