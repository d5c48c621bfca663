/** How does the service do: health, the ledger, the gateways, the times? Plain functions over values. */
import { formatDuration, type Settings } from '@zdenergy/core';
import type { JournalVerdict } from '@zdenergy/storage';
import { count, counted, harmless, instant, shortened } from '../command/text.js';
import type { DatabaseLook } from './database.js';
import { failure, ok, warning, type Finding } from './finding.js';
import type { RunningZdenergy } from './running.js';
import { addressOf } from './server.js';
import type { Answered, ServerHealth, ServerLedger, ServerSensors } from './server.js';

const maxNames = 5;
const maxNameCharacters = 40;

export function judgeHealth(
  answer: Answered<ServerHealth>,
  running: RunningZdenergy | undefined,
  settings: Settings,
): Finding[] {
  if (answer.kind !== 'answer') {
    const problem = answer.kind === 'none' ? answer.problem : 'it lets nobody in';
    return [
      running === undefined
        ? failure('zdenergy does not run', 'npm start, or pm2 start ecosystem.config.js')
        : failure(
            `${addressOf(settings)}/api/health: ${problem}, although zdenergy runs (process ${running.pid})`,
            `look at its log; kill ${running.pid} and start it again if that does not help`,
          ),
    ];
  }
  const { status, reasons = [] } = answer.value;
  const because = reasons.map((reason) => harmless(reason, false));
  switch (status) {
    case 'ok':
      return [ok('zdenergy runs, and says ok')];
    case 'warning':
      return [warning('zdenergy runs, and warns', ...because)];
    case 'error':
      return [failure('zdenergy runs, and reports an error', ...because)];
  }
}

/** The ledger by what runs; else by the database and the journals on disk. */
export function judgeLedger(
  server: ServerLedger | undefined,
  look: DatabaseLook,
  verdicts: readonly JournalVerdict[] | undefined,
): Finding[] {
  const ledger = server ?? ledgerOnDisk(look, verdicts);
  const findings =
    ledger === undefined
      ? [warning('it cannot be read now', 'bring the database back, then ask again')]
      : [judgeSum(ledger, server === undefined)];
  const imports = look.kind === 'there' ? look.examination.imports : null;
  if (imports !== null && imports.position > 0) {
    const { position, stored, duplicates, rejected } = imports;
    const text =
      `moved in: ${counted(position, 'row')} = ${count(stored)} stored + ` +
      `${counted(duplicates, 'duplicate')} + ${count(rejected)} rejected`;
    const isRight = position === stored + duplicates + rejected;
    findings.push(isRight ? ok(text) : failure(`${text}: this does not balance`));
  }
  return findings;
}

function judgeSum(ledger: ServerLedger, isFromDisk: boolean): Finding {
  const { received, stored, duplicates, rejected, pending } = ledger;
  const text =
    `${count(received)} received = ${count(stored)} stored + ${counted(duplicates, 'duplicate')} + ` +
    `${count(rejected)} rejected + ${count(pending)} pending` +
    (isFromDisk ? ' (by the database and the journal)' : '');
  return received === stored + duplicates + rejected + pending
    ? ok(text)
    : failure(
        `${text}: this does not balance`,
        'npm run journal -- verify says what the journal lacks',
      );
}

/**
 * What a journal received is what its numbers say, less those that were never used: this does not
 * follow from the counts that it is compared with.
 */
function ledgerOnDisk(
  look: DatabaseLook,
  verdicts: readonly JournalVerdict[] | undefined,
): ServerLedger | undefined {
  if (look.kind === 'away' || verdicts === undefined || look.examination.journals === null) {
    return undefined;
  }
  const { position, skipped, stored, duplicates, rejected } = look.examination.journals;
  const pending = verdicts.reduce((sum, verdict) => sum + verdict.pending, 0);
  const lost = verdicts.reduce((sum, verdict) => sum + lostOf(verdict), 0);
  return {
    received: position - skipped + pending + lost,
    stored,
    duplicates,
    rejected,
    pending,
  };
}

const lostOf = ({ findings }: JournalVerdict): number =>
  findings.reduce(
    (sum, finding) =>
      finding.kind === 'lost' ? sum + (finding.range.to - finding.range.from) : sum,
    0,
  );

export function judgeGateways(
  sensors: ServerSensors | undefined,
  health: ServerHealth | undefined,
  look: DatabaseLook,
  nowMs: number,
  staleAfterMs: number,
): Finding[] {
  const heard = health === undefined ? [] : lastHeard(health);
  if (sensors !== undefined) return [...heard, judgeSensors(sensors, nowMs)];
  const known = look.kind === 'there' ? look.examination.sensors : null;
  if (known === null) return [...heard, warning('it cannot be told which sensors report')];
  if (known.lastReceivedAt === null) return [...heard, noReading()];
  const agoMs = Math.max(0, nowMs - known.lastReceivedAt.getTime());
  const text =
    `${counted(known.count, 'sensor')}, the last reading ${formatDuration(agoMs)} ago ` +
    `(${instant(known.lastReceivedAt)})`;
  if (agoMs < staleAfterMs) return [...heard, ok(text)];
  const todo = ['look after the gateways: power, network, and npm run rejected -- list'];
  // It runs, and has not let us ask.
  if (health !== undefined) todo.push('with API_TOKEN set, this says which sensors are silent');
  return [...heard, warning(text, ...todo)];
}

function lastHeard({ tcp_server }: ServerHealth): Finding[] {
  const { last_activity: at, seconds_since_activity: seconds } = tcp_server;
  if (at === null || seconds === null) return [];
  return [ok(`last heard of ${formatDuration(seconds * 1_000)} ago (${instant(Date.parse(at))})`)];
}

const noReading = (): Finding =>
  warning(
    'no reading was ever stored',
    'point the gateways at TCP_PORT; npm run simulate -- --gateways 1 tries the way',
  );

function judgeSensors({ sensors, counts }: ServerSensors, nowMs: number): Finding {
  const { online, late, silent } = counts;
  if (online + late + silent === 0) return noReading();
  const lastMs = Math.max(...sensors.map(({ received_at }) => Date.parse(received_at)));
  const text =
    `${counted(online, 'sensor')} online, ${count(late)} late, ${count(silent)} silent; the last reading ` +
    `${formatDuration(Math.max(0, nowMs - lastMs))} ago`;
  if (late + silent === 0) return ok(text);
  const names = sensors
    .filter(({ status }) => status !== 'online')
    .map((sensor) => sensor.sensor_id);
  return warning(
    text,
    `look after ${listed(names)}: power, network, and npm run rejected -- list`,
    ...(names.length > maxNames
      ? ["curl 'localhost:5000/api/sensors?status=silent' lists all"]
      : []),
  );
}

function listed(names: readonly string[]): string {
  const shown = names
    .slice(0, maxNames)
    .map((name) => shortened(harmless(name, false), maxNameCharacters));
  const more = names.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${count(more)} more` : '');
}

export function judgeTimes(
  { sensorTimeZone, displayTimeZone }: Pick<Settings, 'sensorTimeZone' | 'displayTimeZone'>,
  sensors: ServerSensors | undefined,
): Finding[] {
  const zones = ok(
    `times without an offset are read in ${sensorTimeZone}, and shown in ${displayTimeZone}`,
  );
  const hinted = sensors?.sensors.filter(({ clock_hint }) => clock_hint !== null) ?? [];
  if (hinted.length === 0) return [zones];
  const names = listed(hinted.map(({ sensor_id }) => sensor_id));
  return [zones, warning(`the clocks of ${names} are off`, hinted[0].clock_hint ?? '')];
}

const alertWays: readonly (readonly [string, string])[] = [
  ['SLACK_WEBHOOK_URL', 'Slack'],
  ['SMTP_URL', 'mail'],
  ['ALERT_WEBHOOK_URL', 'a webhook'],
  ['HEALTHCHECKS_PING_URL', 'Healthchecks'],
];

/** By the names of the settings alone; their values are secret. */
export function judgeAlerts(environment: Readonly<Record<string, string | undefined>>): Finding[] {
  const isSet = (variable: string): boolean => (environment[variable] ?? '') !== '';
  const ways = alertWays.filter(([variable]) => isSet(variable)).map(([, way]) => way);
  const findings: Finding[] = [];
  if (isSet('SMTP_URL') && !isSet('ALERT_EMAIL_TO')) {
    findings.push(failure('SMTP_URL is set, but nobody to write to', 'set ALERT_EMAIL_TO'));
  }
  findings.push(
    ways.length > 0
      ? ok(`somebody is told when something is wrong, by ${ways.join(' and ')}`)
      : warning(
          'nobody is told when something is wrong',
          `set one of ${alertWays.map(([variable]) => variable).join(', ')}, or point a monitor at /api/health`,
        ),
  );
  return findings;
}
