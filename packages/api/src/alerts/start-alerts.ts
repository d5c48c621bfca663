/**
 * Starts what tells the outside how things are: alerts and pings, as far as the settings ask for them.
 *
 * What always holds: those who want none do not pay for them; the code is loaded only here.
 */
import { hostname } from 'node:os';
import type { Logger, Running, Settings } from '@zdenergy/core';
import type { SensorTable } from '@zdenergy/storage';
import type { ClusterReport } from '../cluster-report.js';
import type { HealthReport } from '../health.js';
import type { PingSight } from '../ping-rule.js';
import type { Stats } from '../stats.js';

export interface AlertParts {
  readonly settings: Settings;
  readonly health: () => HealthReport;
  readonly stats: () => Stats;
  readonly cluster: () => ClusterReport | null;
  readonly sensors: SensorTable;
  readonly logger: Logger;
}

export async function startAlerts(parts: AlertParts): Promise<Running> {
  const started = [await startWatch(parts), await startPings(parts)];
  const running = started.filter((one) => one !== undefined);
  return {
    async stop() {
      await Promise.all(running.map((one) => one.stop()));
    },
  };
}

async function startWatch({ settings, ...parts }: AlertParts): Promise<Running | undefined> {
  const { slackWebhookUrl, smtpUrl, alertWebhookUrl } = settings;
  if ((slackWebhookUrl ?? smtpUrl ?? alertWebhookUrl) === undefined) return undefined;
  const { openChannels } = await import('./channels.js');
  const { watchAlerts } = await import('./alert-watch.js');
  const host = hostname();
  return watchAlerts({ ...parts, settings, host, channels: openChannels(settings, host) });
}

async function startPings({
  settings: { healthchecksPingUrl: url },
  health,
  stats,
  logger,
}: AlertParts): Promise<Running | undefined> {
  if (url === undefined) return undefined;
  const { pingHealthchecks } = await import('../healthchecks.js');
  return pingHealthchecks({ url, sight: () => pingSight(health(), stats()), logger });
}

const pingSight = ({ body }: HealthReport, { ledger }: Stats): PingSight => ({
  status: body.status,
  reasons: body.reasons,
  stored: ledger === null ? null : ledger.stored + ledger.duplicates,
  uptimeMs: body.uptime_seconds === null ? null : body.uptime_seconds * 1_000,
});
