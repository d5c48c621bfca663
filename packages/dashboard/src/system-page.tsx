/**
 * How zdenergy itself is: its processes, what waits, the ledger, connections, gateways, sensors.
 *
 * What always holds: all but the sensors comes by the stream, every 2 s; what is not known yet is a
 * dash.
 */
import type { ComponentChildren, JSX } from 'preact';
import type { Health, Ledger, StatusEvent, TcpStats } from './api-answers.js';
import { formatAge, formatBytes, formatCount, formatDuration, formatNumber } from './format.js';
import { HourChart } from './hour-chart.js';
import { SensorTable } from './sensor-table.js';
import type { Condition } from './status-bar.js';
import { Symbol, type SymbolName } from './symbols.js';

interface SystemPageProps {
  readonly condition: Condition | null;
  readonly zone: string;
}

export function SystemPage({ condition, zone }: SystemPageProps): JSX.Element {
  if (condition === null) {
    return (
      <>
        <h1 class="unseen">System</h1>
        <p class="empty" role="status">
          Loading…
        </p>
      </>
    );
  }
  const { health, stats } = condition.event;
  return (
    <>
      <h1 class="unseen">System</h1>
      <div class="cards">
        <Processes health={health} />
        <Storage health={health} />
        <LedgerCard ledger={stats.ledger} />
      </div>
      <Connections tcp={stats.tcp} health={health} heardAtMs={condition.heardAtMs} zone={zone} />
      <Gateways tcp={stats.tcp} />
      <SensorTable zone={zone} />
    </>
  );
}

interface CardProps {
  readonly title: string;
  readonly children: ComponentChildren;
}

function Card({ title, children }: CardProps): JSX.Element {
  const id = `card-${title.toLowerCase().replaceAll(' ', '-')}`;
  return (
    <section class="card" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

type WorkerStatus = Health['workers'][number]['status'];
const workerLooks: Readonly<
  Record<WorkerStatus, { symbol: SymbolName; word: string; look: string }>
> = {
  ready: { symbol: 'ok', word: 'Running', look: 'online' },
  starting: { symbol: 'late', word: 'Starting', look: 'late' },
  restarting: { symbol: 'late', word: 'Restarting', look: 'late' },
  stopping: { symbol: 'late', word: 'Stopping', look: 'late' },
  hung: { symbol: 'error', word: 'Hangs', look: 'failed' },
};

function Processes({ health }: { readonly health: Health }): JSX.Element {
  return (
    <Card title="Processes">
      <div class="wide" tabIndex={0} role="group" aria-label="Processes">
        <table class="compact">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                Running for
              </th>
              <th scope="col" class="number">
                Restarts
              </th>
            </tr>
          </thead>
          <tbody>
            {health.workers.map(({ name, status, uptime_seconds, restarts }) => {
              const { symbol, word, look } = workerLooks[status];
              return (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>
                    <span class={`badge ${look}`}>
                      <Symbol name={symbol} />
                      {word}
                    </span>
                  </td>
                  <td class="number">{formatDuration(uptime_seconds)}</td>
                  <td class="number">{formatNumber(restarts)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <p class="note">
        zdenergy {health.version}, running for {formatDuration(health.uptime_seconds)}
      </p>
    </Card>
  );
}

function Storage({ health }: { readonly health: Health }): JSX.Element {
  const { database, journal } = health;
  const free = journal === null ? null : journal.disk_free_bytes / journal.disk_total_bytes;
  return (
    <Card title="Storage">
      <dl class="facts">
        <dt>Database</dt>
        <dd>
          <span class={`badge ${database.connected ? 'online' : 'late'}`}>
            <Symbol name={database.connected ? 'ok' : 'warning'} />
            {database.connected ? 'Connected' : 'Away'}
          </span>
        </dd>
        <dt>Journal</dt>
        <dd>
          <span class={`badge ${journal?.writable === false ? 'failed' : 'online'}`}>
            <Symbol name={journal?.writable === false ? 'error' : 'ok'} />
            {journal === null ? 'Starting' : journal.writable ? 'Writable' : 'Cannot be written'}
          </span>{' '}
          {formatBytes(journal?.bytes)}
        </dd>
        <dt>Waiting to be stored</dt>
        <dd>
          {journal === null
            ? '–'
            : journal.pending_readings === 0
              ? 'nothing'
              : `${formatCount(journal.pending_readings, 'reading')}, the oldest for ${formatDuration(journal.oldest_pending_seconds)}`}
        </dd>
        <dt>Disk free</dt>
        <dd>
          {formatBytes(journal?.disk_free_bytes)} of {formatBytes(journal?.disk_total_bytes)}
          {free !== null && (
            <meter
              aria-label="Disk free"
              min={0}
              max={1}
              low={0.1}
              high={0.2}
              optimum={1}
              value={free}
            >
              {formatNumber(free * 100)} %
            </meter>
          )}
        </dd>
      </dl>
    </Card>
  );
}

const ledgerParts = ['stored', 'duplicates', 'rejected', 'pending'] as const;

function LedgerCard({ ledger }: { readonly ledger: Ledger | null }): JSX.Element {
  const sum = ledger === null ? null : ledgerParts.reduce((total, key) => total + ledger[key], 0);
  const isBalanced = ledger !== null && sum === ledger.received;
  return (
    <Card title="Ledger">
      <table class="ledger">
        <tbody>
          {ledgerParts.map((key, index) => (
            <tr key={key}>
              <td class="sign">{index === 0 ? '' : '+'}</td>
              <th scope="row">{key}</th>
              <td class="number">{formatNumber(ledger?.[key])}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <td class="sign">=</td>
            <th scope="row">received</th>
            <td class="number">{formatNumber(ledger?.received)}</td>
          </tr>
        </tfoot>
      </table>
      {ledger !== null && (
        <p class="note">
          <span class={`badge ${isBalanced ? 'online' : 'failed'}`}>
            <Symbol name={isBalanced ? 'ok' : 'error'} />
            {isBalanced
              ? 'It balances: every reading is accounted for.'
              : `It does not balance: the parts make ${formatNumber(sum)}.`}
          </span>
        </p>
      )}
    </Card>
  );
}

interface ConnectionsProps {
  readonly tcp: TcpStats | null;
  readonly health: Health;
  readonly heardAtMs: number;
  readonly zone: string;
}

function Connections({ tcp, health, heardAtMs, zone }: ConnectionsProps): JSX.Element {
  const idle = health.tcp_server.seconds_since_activity;
  return (
    <Card title="Connections">
      <div class="connections">
        <div>
          <dl class="figures">
            <Figure name="open now" value={formatNumber(tcp?.open)} />
            <Figure name="last activity" value={formatAge(idle)} />
            <Figure name="received" value={formatBytes(tcp?.bytes_received)} />
            <Figure name="opened" value={formatNumber(tcp?.opened)} />
            <Figure name="closed" value={formatNumber(tcp?.closed)} />
            <Figure name="refused" value={formatNumber(tcp?.refused)} />
            <Figure name="timed out" value={formatNumber(tcp?.timed_out)} />
            <Figure name="times replaced" value={formatNumber(tcp?.times_replaced)} />
          </dl>
          <p class="note">Counted since the receiving process was started.</p>
        </div>
        {tcp !== null && <HourChart perHour={tcp.per_hour} endMs={heardAtMs} zone={zone} />}
      </div>
    </Card>
  );
}

function Figure({ name, value }: { readonly name: string; readonly value: string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Gateways({ tcp }: { readonly tcp: StatusEvent['stats']['tcp'] }): JSX.Element {
  const gateways = tcp?.gateways ?? [];
  const total = tcp?.gateways_total ?? 0;
  return (
    <Card title="Gateways">
      {gateways.length === 0 ? (
        <p>No gateway has connected yet.</p>
      ) : (
        <div class="wide tall" tabIndex={0} role="group" aria-label="Gateways">
          <table>
            <thead>
              <tr>
                <th scope="col">Address</th>
                {['Open', 'Opened', 'Last seen', 'Received', 'Readings', 'Rejected'].map(
                  (heading) => (
                    <th scope="col" class="number" key={heading}>
                      {heading}
                    </th>
                  ),
                )}
              </tr>
            </thead>
            <tbody>
              {gateways.map((gateway) => (
                <tr key={gateway.address}>
                  <th scope="row">{gateway.address}</th>
                  <td class="number">{formatNumber(gateway.open)}</td>
                  <td class="number">{formatNumber(gateway.opened)}</td>
                  <td class="number">{formatAge(gateway.last_seen_seconds)}</td>
                  <td class="number">{formatBytes(gateway.bytes)}</td>
                  <td class="number">{formatNumber(gateway.readings)}</td>
                  <td class={`number ${gateway.rejected > 0 ? 'attention' : ''}`}>
                    {formatNumber(gateway.rejected)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {total > gateways.length && (
        <p class="note">
          The {formatNumber(gateways.length)} that were seen last, of {formatNumber(total)}.
        </p>
      )}
    </Card>
  );
}
