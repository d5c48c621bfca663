/**
 * The page as a whole: what it shows is in its address, what it knows comes by the stream.
 *
 * What always holds: there is one stream; it follows the chosen sensors, or all as long as no
 * sensor is known; while it is down the page looks stale.
 */
import type { JSX } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { askApi, describeProblem } from './api.js';
import type { About, ExportEvent } from './api-answers.js';
import { ChartData } from './chart-data.js';
import { LatestReadings } from './latest-readings.js';
import { askNewestSensor, useNewestSensor, type NewestSensor } from './newest-sensor.js';
import { ReadingsPage } from './readings-page.js';
import { hearServerTime, serverNowMs } from './server-clock.js';
import { StatusBar, type Condition } from './status-bar.js';
import { followStream } from './stream.js';
import { SystemPage } from './system-page.js';
import { parseView, viewQuery, type View } from './view-url.js';

/** One for each opened page: it does one export at a time. */
const exportId = `page-${Math.random().toString(36).slice(2, 12)}`;
const retryStartMs = 2_000;

export function App(): JSX.Element {
  const [start, problem] = useStart();
  if (start !== null) return <KnownApp {...start} />;
  return (
    <main class="first">
      <h1>zdenergy</h1>
      <p role="status">{problem === null ? 'Loading…' : `${problem} Trying again…`}</p>
    </main>
  );
}

interface Start {
  readonly about: About;
  readonly newest: NewestSensor;
}

function KnownApp({ about, newest: first }: Start): JSX.Element {
  const [view, setView] = useView();
  const [themeCount, setThemeCount] = useState(0);
  const [newest, hearNewest] = useNewestSensor(first);
  const [condition, setCondition] = useState<Condition | null>(null);
  const [isConnected, setConnected] = useState<boolean | null>(null);
  const [exported, setExported] = useState<ExportEvent | null>(null);
  const chartData = useMemo(() => new ChartData(), []);
  const latest = useMemo(() => new LatestReadings(), []);
  const zone = about.display_timezone;

  const choice = view.sensorIds.length > 0 ? view.sensorIds : [newest.sensorId ?? []].flat();
  const choiceKey = JSON.stringify(choice);
  const sensorIds = useMemo(() => choice, [choiceKey]);

  // Asked for before the charts are made, which takes longer than the answer.
  useLayoutEffect(() => {
    latest.show(sensorIds);
    return followStream(
      { sensorIds, exportId },
      {
        onConnected: setConnected,
        onMissed: () => {
          chartData.refill();
          latest.refill();
        },
        onStatus: (event) => {
          hearServerTime(event.health.timestamp);
          setCondition((before) => nextCondition(before, event));
        },
        onReadings: ({ readings }) => {
          // Of all sensors, for none was known.
          if (sensorIds.length === 0) hearNewest(readings.at(-1)?.sensor_id ?? null);
          chartData.add(readings);
          latest.add(readings);
        },
        onExport: setExported,
      },
    );
  }, [sensorIds]);

  const range = view.zoom ?? view.range;
  const rangeKey = JSON.stringify(range);
  const isComplete = condition === null || hasAllStored(condition.event);
  useLayoutEffect(() => {
    if (sensorIds.length > 0) chartData.show({ sensorIds, range, zone });
  }, [sensorIds, rangeKey, zone]);
  useEffect(() => {
    if (isComplete && condition !== null) chartData.refill();
  }, [isComplete]);

  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <StatusBar
        about={about}
        condition={condition}
        isConnected={isConnected}
        view={view}
        onView={setView}
        onTheme={() => setThemeCount(themeCount + 1)}
      />
      <main id="main" tabIndex={-1} class={isConnected === false ? 'stale' : ''}>
        {view.tab === 'system' ? (
          <SystemPage condition={condition} zone={zone} />
        ) : (
          <ReadingsPage
            key="readings"
            view={view}
            onView={setView}
            sensorIds={sensorIds}
            unknownBecause={newest.problem}
            chartData={chartData}
            latest={latest}
            zone={zone}
            tcpPort={about.tcp_port}
            themeCount={themeCount}
            exportId={exportId}
            exported={exported}
          />
        )}
      </main>
      <footer>
        zdenergy {about.version} · all times are in {zone}
      </footer>
    </>
  );
}

/** Older than that, a reading waits for a database that is away, or behind. */
const behindSeconds = 30;

/** Whether what came before is in the database, where charts are fetched from. */
const hasAllStored = ({ health }: Condition['event']): boolean =>
  health.database.connected && (health.journal?.oldest_pending_seconds ?? 0) < behindSeconds;

function nextCondition(before: Condition | null, event: Condition['event']): Condition {
  const { status, status_since: said } = event.health;
  const nowMs = serverNowMs();
  const isSame = before?.event.health.status === status;
  return {
    event,
    heardAtMs: nowMs,
    sinceMs: said !== undefined ? Date.parse(said) : isSame ? before.sinceMs : nowMs,
    isSinceKnown: said !== undefined || (isSame ? before.isSinceKnown : before !== null),
  };
}

async function askStart(): Promise<Start> {
  const [about, newest] = await Promise.all([askApi<About>('/api/about'), askNewestSensor()]);
  return { about, newest };
}

/** Under way while the page is still being put together. */
const firstStart = askStart();
// Its failure is told to whoever waits for it.
firstStart.catch(() => undefined);

/** What the page must know first; asked again until it is answered. */
function useStart(): [start: Start | null, problem: string | null] {
  const [start, setStart] = useState<Start | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useLayoutEffect(() => {
    let timer: number | undefined;
    const wait = (answer: Promise<Start>): void => {
      answer.then(setStart, (error: unknown) => {
        setProblem(describeProblem(error));
        timer = window.setTimeout(() => wait(askStart()), retryStartMs);
      });
    };
    wait(firstStart);
    return () => window.clearTimeout(timer);
  }, []);
  return [start, problem];
}

/** The view that the address says, and how to go to another. */
function useView(): [View, (view: View) => void] {
  const [view, setView] = useState(() => parseView(window.location.search));
  const current = useRef(view);
  const show = (next: View): void => {
    current.current = next;
    setView(next);
  };
  useEffect(() => {
    const back = (): void => show(parseView(window.location.search));
    window.addEventListener('popstate', back);
    return () => window.removeEventListener('popstate', back);
  }, []);
  const go = useCallback((next: View): void => {
    const query = viewQuery(next);
    if (query !== viewQuery(current.current)) window.history.pushState(null, '', `/${query}`);
    show(next);
  }, []);
  return [view, go];
}
