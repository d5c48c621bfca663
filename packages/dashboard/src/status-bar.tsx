/**
 * The bar on top: whether all is well, why not, since when, and whether the page still hears of it.
 *
 * What always holds: the state is told in words, by colour and by a symbol; a change is announced
 * once to a screen reader, and what only grows older is not.
 */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { askApi } from './api.js';
import type { About, HealthStatus, SensorsAnswer, StatusEvent } from './api-answers.js';
import { useTick } from './changes.js';
import { formatCount, formatDuration, formatNumber } from './format.js';
import { serverNowMs } from './server-clock.js';
import { Symbol } from './symbols.js';
import { applyTheme, storedTheme, themes, type Theme } from './theme.js';
import type { View } from './view-url.js';
import { viewQuery } from './view-url.js';
import { formatMoment } from './zoned-time.js';

export interface Condition {
  readonly event: StatusEvent;
  /** When the page last heard of it, and since when it has been so. */
  readonly heardAtMs: number;
  readonly sinceMs: number;
  /** False: it was already so when the page was opened, and nobody said since when. */
  readonly isSinceKnown: boolean;
}

/** The server looks every 10 s. */
const countEveryMs = 20_000;

interface StatusBarProps {
  readonly about: About;
  readonly condition: Condition | null;
  /** Null: not known yet. */
  readonly isConnected: boolean | null;
  readonly view: View;
  readonly onView: (view: View) => void;
  readonly onTheme: () => void;
}

const words: Readonly<Record<HealthStatus, string>> = {
  ok: 'OK',
  warning: 'Warning',
  error: 'Error',
};

export function StatusBar(props: StatusBarProps): JSX.Element {
  const { about, condition, isConnected, view, onView, onTheme } = props;
  const state = isConnected === false ? 'away' : (condition?.event.health.status ?? 'unknown');
  return (
    <header class="top">
      <div class="top-line">
        <a
          class="brand"
          href="/"
          aria-label="zdenergy: readings"
          onClick={inPage(() => onView({ ...view, tab: 'readings' }))}
        >
          <Symbol name="brand" />
          <span>zdenergy</span>
        </a>
        <nav aria-label="Pages">
          {(['readings', 'system'] as const).map((tab) => (
            <a
              key={tab}
              href={`/${viewQuery({ ...view, tab })}`}
              aria-current={view.tab === tab ? 'page' : undefined}
              onClick={inPage(() => onView({ ...view, tab }))}
            >
              {tab === 'readings' ? 'Readings' : 'System'}
            </a>
          ))}
        </nav>
        <ThemeChoice onTheme={onTheme} />
        {about.login && (
          <form method="post" action="/logout">
            <button class="quiet">Log out</button>
          </form>
        )}
      </div>
      <section class={`condition ${state}`} aria-label="Status">
        <ConditionLine
          condition={condition}
          isConnected={isConnected}
          zone={about.display_timezone}
        />
      </section>
      <Announcement condition={condition} isConnected={isConnected} />
    </header>
  );
}

/** A link that stays in the page, unless the person asks for a new tab. */
function inPage(go: () => void): (event: MouseEvent) => void {
  return (event) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go();
  };
}

/** How many sensors report; nothing while that cannot be known. */
function SensorCounts(): JSX.Element | null {
  const [counts, setCounts] = useState<SensorsAnswer['counts'] | null>(null);
  useEffect(() => {
    const ask = (): void => {
      if (document.hidden) return;
      askApi<SensorsAnswer>('/api/sensors', { limit: 1 }).then(
        (answer) => setCounts(answer.counts),
        () => setCounts(null),
      );
    };
    ask();
    const timer = window.setInterval(ask, countEveryMs);
    return () => window.clearInterval(timer);
  }, []);
  if (counts === null || counts.online + counts.late + counts.silent === 0) return null;
  const others = (['late', 'silent'] as const).filter((status) => counts[status] > 0);
  return (
    <span class="counts">
      {formatCount(counts.online, 'sensor')} online
      {others.map((status) => `, ${formatNumber(counts[status])} ${status}`).join('')}
    </span>
  );
}

interface ConditionLineProps {
  readonly condition: Condition | null;
  readonly isConnected: boolean | null;
  readonly zone: string;
}

function ConditionLine({ condition, isConnected, zone }: ConditionLineProps): JSX.Element {
  useTick();
  const nowMs = serverNowMs();
  if (isConnected === false) {
    const before = condition === null ? null : words[condition.event.health.status];
    return (
      <p>
        <Symbol name="away" />
        <strong>Reconnecting…</strong>{' '}
        <span>
          {condition === null
            ? 'The server does not answer.'
            : `Nothing was heard from the server for ${formatDuration((nowMs - condition.heardAtMs) / 1_000)}. Its last status was ${before ?? ''}, and what you see is from ${formatMoment(condition.heardAtMs, nowMs, zone)} ${zone}.`}
        </span>
      </p>
    );
  }
  if (condition === null) {
    return (
      <p>
        <strong>Connecting…</strong>
      </p>
    );
  }
  const { status, reasons } = condition.event.health;
  const since = formatMoment(condition.sinceMs, nowMs, zone);
  const lasted = formatDuration((nowMs - condition.sinceMs) / 1_000);
  return (
    <>
      <p>
        <Symbol name={status} />
        <strong>{words[status]}</strong>{' '}
        {reasons.length === 1 && <span class="reason">{reasons[0]}</span>}
        {status === 'ok' && <span class="reason">All is well.</span>}
        <SensorCounts />
        <span class="since">
          {condition.isSinceKnown ? `since ${since} ${zone} (${lasted})` : `for at least ${lasted}`}
        </span>
      </p>
      {reasons.length > 1 && (
        <ul>
          {reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function Announcement({ condition, isConnected }: Omit<ConditionLineProps, 'zone'>): JSX.Element {
  const health = condition?.event.health;
  const text =
    isConnected === false
      ? 'The connection to the server is lost. Reconnecting.'
      : health === undefined
        ? ''
        : `Status: ${words[health.status]}. ${health.reasons.join(' ')}`;
  // Reasons that only grow older are no news.
  const told = useRef({ gist: '', text });
  const gist = text.replace(/\d+/g, '');
  if (told.current.gist !== gist) told.current = { gist, text };
  const word = isConnected === false ? '…' : health === undefined ? '' : words[health.status];
  useEffect(() => {
    document.title = word === '' ? 'zdenergy' : `${word} · zdenergy`;
  }, [word]);
  return (
    <p class="unseen" role="status" aria-live="polite">
      {told.current.text}
    </p>
  );
}

const themeNames: Readonly<Record<Theme, string>> = {
  system: 'Auto',
  light: 'Light',
  dark: 'Dark',
};

function ThemeChoice({ onTheme }: { readonly onTheme: () => void }): JSX.Element {
  const [theme, setTheme] = useState(storedTheme);
  const choose = (): void => {
    const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system';
    applyTheme(next);
    setTheme(next);
    onTheme();
  };
  return (
    <button class="quiet theme" onClick={choose} title="Colours: as the system, light or dark">
      <Symbol name="colours" />
      <span class="unseen">Colours: </span>
      <span>{themeNames[theme]}</span>
    </button>
  );
}
