/**
 * What the chosen sensors measured last, and how long ago: large for one sensor, a table for several.
 *
 * What always holds: every value stands beside its unit, and every sensor beside the age of its
 * reading, which goes on counting when nothing comes any more.
 */
import type { JSX } from 'preact';
import { useChanges, useTick } from './changes.js';
import { formatAge, formatDuration, formatNumber } from './format.js';
import type { Latest, LatestReadings } from './latest-readings.js';
import { measurements } from './measurements.js';
import { serverNowMs } from './server-clock.js';
import { sensorStatus } from './sensor-status.js';
import { StatusBadge } from './status-badge.js';
import { formatMoment } from './zoned-time.js';

/** Beyond this a reading's time and its arrival are worth telling apart. */
const clockToleranceMs = 60_000;

interface CurrentValuesProps {
  readonly sensorIds: readonly string[];
  readonly latest: LatestReadings;
  readonly zone: string;
}

export function CurrentValues({ sensorIds, latest, zone }: CurrentValuesProps): JSX.Element {
  useChanges(latest);
  useTick();
  const [only, ...others] = sensorIds;
  return (
    <section class="current" aria-labelledby="current-title">
      <h2 id="current-title">{others.length === 0 ? 'Now' : 'Now, by sensor'}</h2>
      {only !== undefined && others.length === 0 ? (
        <OneSensor
          sensorId={only}
          latest={latest.of(only)}
          isUnknown={latest.isUnknown(only)}
          zone={zone}
        />
      ) : (
        <SeveralSensors sensorIds={sensorIds} latest={latest} />
      )}
    </section>
  );
}

interface OneSensorProps {
  readonly sensorId: string;
  readonly latest: Latest | undefined;
  readonly isUnknown: boolean;
  readonly zone: string;
}

function OneSensor({ sensorId, latest, isUnknown, zone }: OneSensorProps): JSX.Element {
  return (
    <>
      <p class="about-sensor">
        <span class="sensor-id">{sensorId}</span>{' '}
        {latest !== undefined && (
          <>
            <StatusBadge status={statusNow(latest)} /> <Moment latest={latest} zone={zone} />
          </>
        )}
      </p>
      <dl class="tiles">
        {measurements.map(({ key, name, unit, decimals }) => (
          <div class="tile" key={key}>
            <dt>{name}</dt>
            <dd>
              <span class="value">{formatNumber(latest?.reading[key], decimals)}</span>{' '}
              <span class="unit">{unit}</span>
            </dd>
          </div>
        ))}
      </dl>
      {isUnknown && (
        <p class="hint" role="status">
          No reading of a sensor with this name is known. Was it misspelt?
        </p>
      )}
      {latest?.clockHint && <p class="hint">{latest.clockHint}</p>}
    </>
  );
}

function Moment({ latest, zone }: { readonly latest: Latest; readonly zone: string }): JSX.Element {
  const nowMs = serverNowMs();
  const measuredMs = Date.parse(latest.reading.time);
  const isApart = Math.abs(latest.receivedAtMs - measuredMs) > clockToleranceMs;
  return (
    <span class="moment">
      measured {formatMoment(measuredMs, nowMs, zone)} {zone},{' '}
      <b class="age">{formatAge((nowMs - measuredMs) / 1_000)}</b>
      {isApart && ` · arrived ${formatAge((nowMs - latest.receivedAtMs) / 1_000)}`}
      {latest.intervalSeconds !== null &&
        ` · every ${formatDuration(Math.max(1, Math.round(latest.intervalSeconds)))}`}
    </span>
  );
}

function SeveralSensors({ sensorIds, latest }: Omit<CurrentValuesProps, 'zone'>): JSX.Element {
  const nowMs = serverNowMs();
  return (
    <div class="wide" tabIndex={0} role="group" aria-label="Current values, by sensor">
      <table class="compact">
        <thead>
          <tr>
            <th scope="col">Sensor</th>
            {measurements.map(({ key, name, unit }) => (
              <th scope="col" class="number" key={key}>
                {name}, {unit}
              </th>
            ))}
            <th scope="col" class="number">
              Age
            </th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {sensorIds.map((id, index) => {
            const known = latest.of(id);
            const age = known && (nowMs - Date.parse(known.reading.time)) / 1_000;
            return (
              <tr key={id}>
                <th scope="row">
                  <span class={`swatch colour-${index + 1}`} /> {id}
                </th>
                {measurements.map(({ key, decimals }) => (
                  <td class="number" key={key}>
                    {formatNumber(known?.reading[key], decimals)}
                  </td>
                ))}
                <td class="number age">{formatAge(age)}</td>
                <td>{known !== undefined && <StatusBadge status={statusNow(known)} />}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** By when a reading arrived, since clocks of sensors may be wrong. */
const statusNow = ({ silentSinceMs, intervalSeconds }: Latest): ReturnType<typeof sensorStatus> =>
  sensorStatus((serverNowMs() - silentSinceMs) / 1_000, intervalSeconds);
