/**
 * The page at `/`: how everything is, and the readings that came last, as a page that renews itself.
 *
 * A plain function over values. What always holds: it needs nothing from elsewhere, not even a script;
 * every text that came from a gateway is escaped; what is not known yet is a dash.
 */
import type { StoredReading } from '@zdenergy/storage';
import type { HealthBody } from './health.js';
import { escapeHtml, styleSource } from './html.js';
import type { Stats } from './stats.js';

const renewEveryS = 5;

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 0 auto; padding: 1rem;
  color: #222; background: #fff; }
h1 { font-size: 1.25rem; } h2 { font-size: 1rem; margin-top: 2rem; }
.status { padding: .75rem 1rem; border-radius: 6px; color: #fff; }
.status strong { text-transform: uppercase; } .status p { margin: .25rem 0 0; }
.ok { background: #1b6e3a; } .warning { background: #8a5a00; } .error { background: #b00020; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .25rem .75rem .25rem 0; text-align: left; border-bottom: 1px solid #ddd;
  white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
footer { margin-top: 2rem; color: #666; font-size: .875rem; }
@media (prefers-color-scheme: dark) {
  body { color: #eee; background: #1c1c1c; } th, td { border-color: #444; } footer { color: #aaa; }
}`;

/** The style sheet's source expression for `style-src`. */
export const statusStyleSource = styleSource(style);

/** @param newest the readings that came last, newest first. */
export function statusPage(
  health: HealthBody,
  stats: Stats,
  newest: readonly StoredReading[],
): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${renewEveryS}">
<title>zdenergy: ${health.status}</title>
<style>${style}</style>
</head>
<body>
<h1>zdenergy</h1>
<div class="status ${health.status}" role="status"><strong>${health.status}</strong>
${health.reasons.map((reason) => `<p>${escapeHtml(reason)}</p>`).join('\n')}
</div>
<h2>Readings</h2>
${table(['received', 'stored', 'duplicates', 'rejected', 'waiting', 'gateways connected'], [readingCounts(stats)], 0)}
<h2>Newest</h2>
${newest.length === 0 ? '<p>No reading has come yet.</p>' : table(['sensor', 'time (UTC)', 'temperature, °C', 'humidity, %', 'light, lx', 'irradiance, W/m²'], newest.map(readingCells), 2)}
<h2>Processes</h2>
${table(['name', 'status', 'restarts', 'running for, s'], health.workers.map(workerCells), 2)}
<footer>zdenergy ${escapeHtml(health.version)}, ${health.timestamp}. This page renews itself every ${renewEveryS} s.</footer>
</body>
</html>
`;
}

/** A table whose columns from `firstNumber` on are numbers. */
function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  firstNumber: number,
): string {
  const row = (tag: string, cells: readonly string[]): string => {
    const marked = cells.map(
      (cell, column) =>
        `<${tag}${column >= firstNumber ? ' class="number"' : ''}>${escapeHtml(cell)}</${tag}>`,
    );
    return `<tr>${marked.join('')}</tr>`;
  };
  const body = rows.map((cells) => row('td', cells)).join('\n');
  return `<div class="wide"><table><thead>${row('th', headings)}</thead><tbody>\n${body}\n</tbody></table></div>`;
}

function readingCounts({ ledger, tcp }: Stats): string[] {
  const counts = [
    ledger?.received,
    ledger?.stored,
    ledger?.duplicates,
    ledger?.rejected,
    ledger?.pending,
    tcp?.open,
  ];
  return counts.map((count) => count?.toLocaleString('en') ?? '–');
}

function readingCells(reading: StoredReading): string[] {
  const { temperature, humidity, lux, irradiance } = reading;
  const time = new Date(reading.timeUs / 1_000).toISOString().slice(0, 19).replace('T', ' ');
  return [
    reading.sensorId,
    time,
    ...[temperature, humidity, lux, irradiance].map((value) => value?.toFixed(2) ?? '–'),
  ];
}

const workerCells = (worker: HealthBody['workers'][number]): string[] => [
  worker.name,
  worker.status,
  String(worker.restarts),
  String(worker.uptime_seconds),
];
