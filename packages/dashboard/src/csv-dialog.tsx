/**
 * The dialog that downloads readings as CSV.
 *
 * What always holds: the file goes from the server to the disk by a plain link, so that neither page
 * nor browser holds it in memory; its size is estimated first, and a very large one is confirmed.
 */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { apiPath, askApi, describeProblem, type Params } from './api.js';
import type { EstimateAnswer, ExportEvent } from './api-answers.js';
import { formatBytes, formatCount } from './format.js';
import { DateInput } from './range-picker.js';
import { serverNowMs } from './server-clock.js';
import { Symbol } from './symbols.js';
import type { View } from './view-url.js';
import { clockTime } from './zoned-time.js';

/** Spreadsheets struggle well before that. */
const confirmBytes = 100_000_000;
const debounceMs = 300;
/** After this, without a sign of the download, something is wrong. */
const startsWithinMs = 10_000;

const kinds = [
  { kind: 'last', label: 'Last 24 hours' },
  { kind: 'date', label: 'A single day' },
  { kind: 'dates', label: 'A range of dates' },
  { kind: 'all', label: 'Everything' },
] as const;
type Kind = (typeof kinds)[number]['kind'];

interface CsvDialogProps {
  readonly sensorIds: readonly string[];
  readonly range: View['range'];
  readonly zone: string;
  readonly exportId: string;
  readonly exported: ExportEvent | null;
  readonly onClose: () => void;
}

export function CsvDialog(props: CsvDialogProps): JSX.Element {
  const { sensorIds, range, zone, exportId, onClose } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const today = clockTime(serverNowMs(), zone).date;
  const [kind, setKind] = useState<Kind>(
    range.kind === 'window' ? 'last' : range.kind === 'day' ? 'date' : 'dates',
  );
  const [start, setStart] = useState(
    range.kind === 'day' ? range.date : range.kind === 'days' ? range.start : today,
  );
  const [end, setEnd] = useState(range.kind === 'days' ? range.end : start);
  const [sensorId, setSensorId] = useState(sensorIds.length === 1 ? (sensorIds[0] ?? '') : '');
  const [isConfirmed, setConfirmed] = useState(false);
  const [startedAtMs, setStartedAtMs] = useState<number | null>(null);

  const [first, last] = start <= end ? [start, end] : [end, start];
  const params: Params = {
    sensor_id: sensorId === '' ? undefined : sensorId,
    start_date: kind === 'date' ? start : kind === 'dates' ? first : undefined,
    end_date: kind === 'dates' ? last : undefined,
    all: kind === 'all' ? 'true' : undefined,
  };
  const [estimate, problem] = useEstimate(params);
  const isLarge = estimate !== null && estimate.bytes > confirmBytes;
  const isReady = estimate !== null && estimate.rows > 0 && (!isLarge || isConfirmed);

  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => setConfirmed(false), [JSON.stringify(params)]);

  return (
    <dialog ref={dialog} class="csv" aria-labelledby="csv-title" onClose={onClose}>
      <div class="dialog-head">
        <h2 id="csv-title">Download readings as CSV</h2>
        <button class="quiet icon" aria-label="Close" onClick={() => dialog.current?.close()}>
          <Symbol name="close" />
        </button>
      </div>
      <fieldset class="choice-list">
        <legend>Which time</legend>
        {kinds.map((each) => (
          <label key={each.kind}>
            <input
              type="radio"
              name="csv-kind"
              checked={kind === each.kind}
              onChange={() => setKind(each.kind)}
            />{' '}
            {each.label}
          </label>
        ))}
        {kind === 'date' && (
          <div class="dates">
            <DateInput label={`Day (${zone})`} date={start} onDate={setStart} />
          </div>
        )}
        {kind === 'dates' && (
          <div class="dates">
            <DateInput label={`From (${zone})`} date={start} onDate={setStart} />
            <DateInput label={`To, included (${zone})`} date={end} onDate={setEnd} />
          </div>
        )}
      </fieldset>
      <label class="field">
        <span>Sensor</span>
        <select value={sensorId} onChange={(event) => setSensorId(event.currentTarget.value)}>
          <option value="">All sensors</option>
          {sensorIds.map((id) => (
            <option key={id} value={id}>
              {id}
            </option>
          ))}
        </select>
      </label>
      <p class="estimate" role="status">
        {problem !== null
          ? problem
          : estimate === null
            ? 'Estimating…'
            : estimate.rows === 0
              ? 'There are no readings in this time.'
              : `About ${formatCount(estimate.rows, 'row')}, ${formatBytes(estimate.bytes)}: ${estimate.filename}`}
      </p>
      {isLarge && (
        <label class="confirm">
          <input
            type="checkbox"
            checked={isConfirmed}
            onChange={(event) => setConfirmed(event.currentTarget.checked)}
          />{' '}
          Yes, download about {formatBytes(estimate.bytes)}. Most spreadsheets open a million rows
          at the most.
        </label>
      )}
      <Progress startedAtMs={startedAtMs} exported={props.exported} estimate={estimate} />
      <div class="dialog-foot">
        <button onClick={() => dialog.current?.close()}>Close</button>
        {isReady ? (
          <a
            class="button main"
            href={apiPath('/api/export/csv', { ...params, bom: 'true', export_id: exportId })}
            download={estimate.filename}
            onClick={() => setStartedAtMs(performance.now())}
          >
            Download
          </a>
        ) : (
          <button class="main" disabled>
            Download
          </button>
        )}
      </div>
    </dialog>
  );
}

/** Null: not known (yet). */
function useEstimate(params: Params): [EstimateAnswer | null, string | null] {
  const [estimate, setEstimate] = useState<EstimateAnswer | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    setEstimate(null);
    setProblem(null);
    const abort = new AbortController();
    const ask = (): void => {
      askApi<EstimateAnswer>('/api/export/estimate', params, abort.signal).then(
        setEstimate,
        (error: unknown) => {
          if (!abort.signal.aborted) setProblem(describeProblem(error));
        },
      );
    };
    const timer = window.setTimeout(ask, debounceMs);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [JSON.stringify(params)]);
  return [estimate, problem];
}

interface ProgressProps {
  readonly startedAtMs: number | null;
  readonly exported: ExportEvent | null;
  readonly estimate: EstimateAnswer | null;
}

function Progress({ startedAtMs, exported, estimate }: ProgressProps): JSX.Element | null {
  const [before, setBefore] = useState(exported);
  const [isOverdue, setOverdue] = useState(false);
  useEffect(() => {
    setBefore(exported);
    setOverdue(false);
    if (startedAtMs === null) return undefined;
    const timer = window.setTimeout(() => setOverdue(true), startsWithinMs);
    return () => window.clearTimeout(timer);
  }, [startedAtMs]);
  if (startedAtMs === null) return null;
  // What is told of an export that ended before this one began is no news.
  const step = exported === before ? null : exported;
  if (step === null) {
    return (
      <p class={isOverdue ? 'problem' : 'progress'} role="status">
        {isOverdue
          ? 'The download gives no sign. The list of downloads of your browser says more.'
          : 'The download is starting…'}
      </p>
    );
  }
  if (step.error !== null) {
    return (
      <p class="problem" role="alert">
        The download failed: {step.error} The file is not complete.
      </p>
    );
  }
  const told = `${formatCount(step.rows, 'row')}, ${formatBytes(step.bytes)}`;
  return (
    <div class="progress" role="status">
      <p>{step.done ? `Done: ${told}.` : `${told} so far`}</p>
      <progress
        aria-label="Download"
        max={1}
        value={step.done ? 1 : Math.min(0.99, step.rows / Math.max(1, estimate?.rows ?? 1))}
      />
    </div>
  );
}
