/**
 * Every setting of zdenergy, in one table: variable, field, parser, default and a line of help.
 *
 * The table is the only source: it checks the environment and prints the help text. What always
 * holds: `parseSettings` reports all wrong settings together, and never repeats a secret's value.
 */
import type * as zod from 'zod';
import { z } from './zod.js';
import { isAddressOrBlock } from './address-list.js';
import { parseDurationMs } from './duration.js';
import { isTimeZone } from './time-zone.js';

const text = z.string();
const count = (min: number, max: number, error = `expected a whole number from ${min} to ${max}`) =>
  text
    .regex(/^\d+$/, { error, abort: true })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error });
const port = count(1, 65_535, 'expected a port, from 1 to 65535');
const aboveZero = text.transform(Number).refine((value) => value > 0 && value < Infinity, {
  error: 'expected a number above 0',
});
const flag = z.stringbool({ error: 'expected on or off' });
const timeZone = text.refine(isTimeZone, {
  error: 'expected an IANA time zone such as Asia/Shanghai',
});
/** Postgres has to know it too, and reads +08:00 the other way round. */
const namedTimeZone = timeZone.refine((name) => /^[a-z]/i.test(name), {
  error: 'expected the name of an IANA time zone such as Asia/Shanghai',
});
const duration = text.transform((value, context) => {
  const parsed = parseDurationMs(value);
  if (parsed === undefined) {
    context.addIssue({ code: 'custom', message: 'expected a duration such as 30s, 10m or 24h' });
    return z.NEVER;
  }
  return parsed;
});
const addresses = text.transform((value, context) => {
  const items = value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  const wrong = items.filter((item) => !isAddressOrBlock(item));
  if (wrong.length > 0) {
    context.addIssue({
      code: 'custom',
      message: `expected addresses or CIDR blocks such as 10.0.0.0/8, not ${wrong.join(', ')}`,
    });
    return z.NEVER;
  }
  return items;
});
const postgresUrl = text
  .refine((value) => /^postgres(ql)?:\/\//.test(value), {
    error: 'expected postgres://USER:PASSWORD@HOST:PORT/DATABASE',
    abort: true,
  })
  .refine((value) => URL.canParse(value), {
    error:
      'this is no address; special characters in the password are written as percent codes ' +
      '(@ is %40, / is %2F, # is %23)',
  });

const webUrl = text
  .refine((value) => /^https?:\/\//.test(value), {
    error: 'expected an address that begins with https://',
    abort: true,
  })
  .refine((value) => URL.canParse(value), { error: 'this is no address' });
const smtpUrl = text
  .refine((value) => /^smtps?:\/\/./.test(value), {
    error: 'expected smtp://USER:PASSWORD@HOST:587, or smtps:// with TLS from the start',
    abort: true,
  })
  .refine((value) => URL.canParse(value) && new URL(value).hostname !== '', {
    error:
      'this is no address; special characters in the password are written as percent codes ' +
      '(@ is %40, / is %2F, # is %23)',
  });
const emailAddress = /^([^<>@,]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/;
const isEmailAddress = (value: string): boolean => emailAddress.test(value.trim());
const emailAddresses = text.refine((value) => value.split(',').every(isEmailAddress), {
  error: 'expected addresses such as ops@example.com, with commas',
});

interface Setting<Schema extends zod.ZodType<unknown, string>> {
  readonly variable: string;
  readonly schema: Schema;
  /** As it would stand in the environment; null: unset, and the field is then undefined. */
  readonly default: string | null;
  readonly help: string;
  readonly secret?: true;
}

/** Keeps each row's own schema type, so that `Settings` is derived from the table. */
function setting<Schema extends zod.ZodType<unknown, string>, Default extends string | null>(
  variable: string,
  schema: Schema,
  defaultValue: Default,
  help: string,
  secret?: true,
): Setting<Schema> & { readonly default: Default } {
  return { variable, schema, default: defaultValue, help, ...(secret && { secret }) };
}

export const settingsTable = {
  dataDir: setting(
    'DATA_DIR',
    text.min(1),
    './data',
    'Where the journal and its own Postgres live',
  ),
  databaseUrl: setting(
    'DATABASE_URL',
    postgresUrl,
    null,
    'The Postgres to store in; unset: zdenergy runs its own under DATA_DIR',
    true,
  ),
  embeddedPgPort: setting(
    'EMBEDDED_PG_PORT',
    port,
    '5433',
    'Port of its own Postgres, on the loopback address',
  ),
  tcpHost: setting('TCP_HOST', text.min(1), '0.0.0.0', 'Address that gateways connect to'),
  tcpPort: setting('TCP_PORT', port, '6000', 'Port that gateways connect to'),
  tcpAck: setting('TCP_ACK', flag, 'off', 'Answer objects that carry seq: on or off'),
  tcpIdleTimeoutMs: setting(
    'TCP_IDLE_TIMEOUT',
    duration,
    '60s',
    'A gateway that is silent, or at one object, for longer is disconnected',
  ),
  tcpMaxConnections: setting(
    'TCP_MAX_CONNECTIONS',
    count(1, 1_000_000),
    '10000',
    'Most gateway connections in all; each of several INGEST_WORKERS has its share',
  ),
  tcpMaxConnectionsPerIp: setting(
    'TCP_MAX_CONNECTIONS_PER_IP',
    count(0, 1_000_000),
    '0',
    'Most connections from one address; 0: no limit',
  ),
  tcpAllow: setting(
    'TCP_ALLOW',
    addresses,
    '',
    'Addresses and CIDR blocks that may connect, with commas; empty: all',
  ),
  tlsPort: setting('TLS_PORT', port, '6001', 'Port for gateways that speak TLS'),
  tlsCert: setting('TLS_CERT', text.min(1), null, 'File of the TLS certificate (PEM)'),
  tlsKey: setting('TLS_KEY', text.min(1), null, 'File of the TLS private key (PEM)'),
  tlsCa: setting(
    'TLS_CA',
    text.min(1),
    null,
    'File of the authority that client certificates must come from (PEM)',
  ),
  maxFrameBytes: setting(
    'MAX_FRAME_BYTES',
    count(64, 16 * 1024 * 1024),
    '65536',
    'A larger object is dropped and counted',
  ),
  clockSkewFutureMs: setting(
    'CLOCK_SKEW_FUTURE',
    duration,
    '24h',
    'A reading further in the future gets the time of receipt',
  ),
  sensorTimeZone: setting(
    'SENSOR_TIMEZONE',
    timeZone,
    'UTC',
    'Time zone of gateways that send no offset',
  ),
  displayTimeZone: setting(
    'DISPLAY_TIMEZONE',
    namedTimeZone,
    'UTC',
    'Time zone of the page, of dates in questions, and of exports',
  ),
  luxPerWm2: setting(
    'LUX_PER_WM2',
    aboveZero,
    '127',
    'Lux that make one W/m², where a gateway sends no irradiance',
  ),
  ingestWorkers: setting('INGEST_WORKERS', count(1, 64), '1', 'Processes that receive readings'),
  journalReserveBytes: setting(
    'JOURNAL_RESERVE_BYTES',
    count(0, Number.MAX_SAFE_INTEGER),
    null,
    'Disk kept free; unset: 5 % of the disk, at most 500 MB',
  ),
  retentionDays: setting(
    'RETENTION_DAYS',
    count(0, 36_500, 'expected 0 (keep all), or a whole number of days up to 36500'),
    '0',
    'Days after which readings go, by whole months; 0: keep all',
  ),
  dailyExportDir: setting(
    'DAILY_EXPORT_DIR',
    text.min(1),
    null,
    'Directory for a CSV of each day, written in the night after it; unset: none',
  ),
  httpHost: setting('HTTP_HOST', text.min(1), '0.0.0.0', 'Address of the HTTP server'),
  httpPort: setting('HTTP_PORT', port, '5000', 'Port of the HTTP server'),
  staleAfterMs: setting(
    'STALE_AFTER',
    duration,
    '600s',
    'Health turns to warning after this long without gateway activity',
  ),
  memoryReadings: setting(
    'MEMORY_READINGS',
    count(0, 100_000),
    '1000',
    'Newest readings kept in memory for the live view',
  ),
  trustProxy: setting(
    'TRUST_PROXY',
    addresses,
    '',
    'Addresses of reverse proxies whose X-Forwarded-For is believed, never of clients; empty: none',
  ),
  adminPassword: setting(
    'ADMIN_PASSWORD',
    text.min(8, 'expected at least 8 characters'),
    null,
    'Lets people in from any machine, after a login; unset: only this machine gets in',
    true,
  ),
  apiToken: setting(
    'API_TOKEN',
    text.min(16, 'expected at least 16 characters'),
    null,
    'Lets scripts in: Authorization: Bearer API_TOKEN',
    true,
  ),
  slackWebhookUrl: setting(
    'SLACK_WEBHOOK_URL',
    webUrl,
    null,
    'Alerts to Slack: the address of an incoming webhook',
    true,
  ),
  smtpUrl: setting(
    'SMTP_URL',
    smtpUrl,
    null,
    'Alerts by e-mail: smtp://USER:PASSWORD@HOST:587, or smtps://',
    true,
  ),
  alertEmailTo: setting(
    'ALERT_EMAIL_TO',
    emailAddresses,
    null,
    'Whom e-mail alerts go to, with commas',
  ),
  alertEmailFrom: setting(
    'ALERT_EMAIL_FROM',
    text.refine(isEmailAddress, { error: 'expected an address such as zdenergy@example.com' }),
    null,
    'Whom e-mail alerts come from; unset: the user of SMTP_URL',
  ),
  alertWebhookUrl: setting(
    'ALERT_WEBHOOK_URL',
    webUrl,
    null,
    'Alerts to a program of your own, which gets a POST of JSON',
    true,
  ),
  alertRepeatMs: setting(
    'ALERT_REPEAT',
    duration,
    '4h',
    'How often alerts remind you while health is bad',
  ),
  healthchecksPingUrl: setting(
    'HEALTHCHECKS_PING_URL',
    webUrl,
    null,
    'Pinged when readings were stored, and at /fail when health is error',
    true,
  ),
  logLevel: setting(
    'LOG_LEVEL',
    z.enum(['error', 'warn', 'info', 'debug']),
    'info',
    'error, warn, info or debug',
  ),
  logFormat: setting(
    'LOG_FORMAT',
    z.enum(['text', 'json']),
    'text',
    'text for people, json for machines',
  ),
} as const;

type Table = typeof settingsTable;

/** Every setting, parsed. Durations are in milliseconds, sizes in bytes. */
export type Settings = {
  readonly [Field in keyof Table]: Table[Field]['default'] extends null
    ? zod.output<Table[Field]['schema']> | undefined
    : zod.output<Table[Field]['schema']>;
};

/** All settings that were wrong, each line naming the variable and what it expects. */
export class SettingsError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`Wrong settings:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'SettingsError';
  }
}

/**
 * Reads the settings out of an environment; an empty variable counts as unset.
 * @throws {SettingsError} naming all wrong settings at once.
 */
export function parseSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const problems: string[] = [];
  const entries = Object.entries(settingsTable).map(([field, row]): [string, unknown] => {
    const given = environment[row.variable];
    const raw = given === undefined || given === '' ? row.default : given;
    if (raw === null) return [field, undefined];
    const result = row.schema.safeParse(raw);
    if (result.success) return [field, result.data];
    const reason = result.error.issues.map((issue) => issue.message).join('; ');
    const shown = 'secret' in row ? '(not shown)' : JSON.stringify(raw);
    problems.push(`${row.variable}=${shown}: ${reason}`);
    return [field, undefined];
  });
  const settings = Object.fromEntries(entries) as Settings;
  const isGiven = ({ variable }: { variable: string }): boolean =>
    (environment[variable] ?? '') !== '';
  problems.push(...contradictions(settings), ...incompleteEmail(isGiven));
  if (problems.length > 0) throw new SettingsError(problems);
  return settings;
}

/** What no single setting can see: settings that do not go together. */
function contradictions(settings: Partial<Settings>): string[] {
  const problems: string[] = [];
  if ((settings.tlsCert === undefined) !== (settings.tlsKey === undefined)) {
    problems.push('TLS_CERT and TLS_KEY: set both, or neither');
  }
  if (settings.tlsCa !== undefined && settings.tlsCert === undefined) {
    problems.push('TLS_CA: needs TLS_CERT and TLS_KEY');
  }
  const ports = new Map<number, string>();
  const used: [string, number | undefined, boolean][] = [
    ['TCP_PORT', settings.tcpPort, true],
    ['HTTP_PORT', settings.httpPort, true],
    ['TLS_PORT', settings.tlsPort, settings.tlsCert !== undefined],
    ['EMBEDDED_PG_PORT', settings.embeddedPgPort, settings.databaseUrl === undefined],
  ];
  for (const [variable, number, inUse] of used) {
    // A port that was wrong in itself has been told already.
    if (!inUse || number === undefined) continue;
    const other = ports.get(number);
    if (other !== undefined) problems.push(`${other} and ${variable}: both are ${number}`);
    ports.set(number, variable);
  }
  return problems;
}

/** By what was given, since one that was wrong in itself has been told already. */
function incompleteEmail(isGiven: (row: { variable: string }) => boolean): string[] {
  const { smtpUrl: server, alertEmailTo, alertEmailFrom } = settingsTable;
  if (isGiven(server) !== isGiven(alertEmailTo)) {
    return ['SMTP_URL and ALERT_EMAIL_TO: set both, or neither'];
  }
  if (isGiven(alertEmailFrom) && !isGiven(server)) {
    return ['ALERT_EMAIL_FROM: needs SMTP_URL and ALERT_EMAIL_TO'];
  }
  return [];
}

/** The settings as a text for `--help`: a line each, with its default. */
export function describeSettings(): string {
  return Object.values(settingsTable)
    .map((row) => {
      const fallback = row.default === null || row.default === '' ? 'unset' : row.default;
      return `${row.variable.padEnd(28)}${row.help} (${fallback})`;
    })
    .join('\n');
}
