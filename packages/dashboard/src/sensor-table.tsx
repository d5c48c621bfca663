/**
 * Every sensor, a page at a time: when it was last seen, how often it reports, whether it does, and
 * what is wrong with its clock.
 *
 * What always holds: it is asked for again every 10 s while it can be seen, as often as the server
 * looks itself; of two answers only the later one counts.
 */
import { Fragment, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { askApi, describeProblem } from './api.js';
import type { SensorsAnswer, SensorStatus } from './api-answers.js';
import { useTick } from './changes.js';
import { formatAge, formatDuration, formatNumber } from './format.js';
import { serverNowMs } from './server-clock.js';
import { StatusBadge } from './status-badge.js';
import { Symbol } from './symbols.js';
import { viewQuery } from './view-url.js';
import { formatMoment } from './zoned-time.js';

const pageSize = 25;
const debounceMs = 250;
const renewEveryMs = 10_000;
const statuses = ['online', 'late', 'silent'] as const;

export function SensorTable({ zone }: { readonly zone: string }): JSX.Element {
  const [search, setSearch] = useState('');
  const [status, setStatus] = useState<SensorStatus | ''>('');
  /** Where each page up to this one begins. */
  const [starts, setStarts] = useState<readonly string[]>(['']);
  const [answer, problem] = useSensors(search, status, starts.at(-1) ?? '');
  const narrow = (change: () => void): void => {
    change();
    setStarts(['']);
  };
  const next = answer?.next ?? null;
  return (
    <section class="card" aria-labelledby="card-sensors">
      <h2 id="card-sensors">Sensors</h2>
      <div class="table-tools">
        <label class="field">
          <span>Search</span>
          <input
            type="search"
            value={search}
            placeholder="Part of the name"
            onInput={(event) => {
              const text = event.currentTarget.value;
              narrow(() => setSearch(text));
            }}
          />
        </label>
        <div class="segments" role="group" aria-label="State">
          <StatusChoice
            label="All"
            count={answer === null ? null : totalOf(answer)}
            isChosen={status === ''}
            onChoose={() => narrow(() => setStatus(''))}
          />
          {statuses.map((each) => (
            <StatusChoice
              key={each}
              label={each.charAt(0).toUpperCase() + each.slice(1)}
              count={answer?.counts[each] ?? null}
              isChosen={status === each}
              onChoose={() => narrow(() => setStatus(each))}
            />
          ))}
        </div>
      </div>
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {answer !== null && <Rows answer={answer} zone={zone} />}
      {answer !== null && (starts.length > 1 || next !== null) && (
        <nav class="pages" aria-label="Pages of sensors">
          <button disabled={starts.length === 1} onClick={() => setStarts(starts.slice(0, -1))}>
            Previous
          </button>
          <span>Page {formatNumber(starts.length)}</span>
          <button
            disabled={next === null}
            onClick={() => setStarts(next === null ? starts : [...starts, next])}
          >
            Next
          </button>
        </nav>
      )}
    </section>
  );
}

const totalOf = ({ counts }: SensorsAnswer): number =>
  statuses.reduce((sum, status) => sum + counts[status], 0);

interface StatusChoiceProps {
  readonly label: string;
  readonly count: number | null;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}

function StatusChoice({ label, count, isChosen, onChoose }: StatusChoiceProps): JSX.Element {
  return (
    <label>
      <input type="radio" name="sensor-status" checked={isChosen} onChange={onChoose} />
      <span>
        {label} {count !== null && <small>{formatNumber(count)}</small>}
      </span>
    </label>
  );
}

function Rows({
  answer,
  zone,
}: {
  readonly answer: SensorsAnswer;
  readonly zone: string;
}): JSX.Element {
  useTick();
  const nowMs = serverNowMs();
  if (answer.sensors.length === 0) {
    return (
      <p role="status">
        {totalOf(answer) === 0 ? 'No sensor is known yet.' : 'None is like that.'}
      </p>
    );
  }
  return (
    <div class="wide" tabIndex={0} role="group" aria-label="Sensors">
      <table>
        <thead>
          <tr>
            <th scope="col">Sensor</th>
            <th scope="col">State</th>
            <th scope="col" class="number">
              Last seen
            </th>
            <th scope="col" class="number">
              Interval
            </th>
            <th scope="col" class="number">
              Last reading ({zone})
            </th>
          </tr>
        </thead>
        <tbody>
          {answer.sensors.map((sensor) => (
            <Fragment key={sensor.sensor_id}>
              <tr class={sensor.clock_hint === null ? '' : 'with-hint'}>
                <th scope="row">
                  <a href={sensorLink(sensor.sensor_id)}>{sensor.sensor_id}</a>
                </th>
                <td>
                  <StatusBadge status={sensor.status} />
                </td>
                <td class="number">
                  {formatAge((nowMs - Date.parse(sensor.received_at)) / 1_000)}
                </td>
                <td class="number">
                  {formatDuration(
                    sensor.interval_seconds === null
                      ? null
                      : Math.max(1, Math.round(sensor.interval_seconds)),
                  )}
                </td>
                <td class="number">
                  {formatMoment(Date.parse(sensor.last_reading.time), nowMs, zone)}
                </td>
              </tr>
              {sensor.clock_hint !== null && (
                <tr>
                  <td colSpan={5}>
                    <div class="clock-hint">
                      <Symbol name="late" /> {sensor.clock_hint}
                    </div>
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const sensorLink = (sensorId: string): string =>
  `/${viewQuery({
    tab: 'readings',
    sensorIds: [sensorId],
    range: { kind: 'window', window: '24h' },
    zoom: null,
  })}`;

/** Null: not known (yet). */
function useSensors(
  search: string,
  status: SensorStatus | '',
  after: string,
): [SensorsAnswer | null, string | null] {
  const [answer, setAnswer] = useState<SensorsAnswer | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    const ask = (): void => {
      if (document.hidden) return;
      const params = {
        search: search === '' ? undefined : search,
        status: status === '' ? undefined : status,
        after: after === '' ? undefined : after,
        limit: pageSize,
      };
      askApi<SensorsAnswer>('/api/sensors', params, abort.signal).then(
        (sensors) => {
          setAnswer(sensors);
          setProblem(null);
        },
        (error: unknown) => {
          if (!abort.signal.aborted) setProblem(describeProblem(error));
        },
      );
    };
    const first = window.setTimeout(ask, answer === null ? 0 : debounceMs);
    const timer = window.setInterval(ask, renewEveryMs);
    return () => {
      window.clearTimeout(first);
      window.clearInterval(timer);
      abort.abort();
    };
  }, [search, status, after]);
  return [answer, problem];
}
