/**
 * The readings: which sensors, which time, what they measure now, and how it went.
 *
 * What always holds: without any reading the page says how to send one.
 */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ExportEvent } from './api-answers.js';
import type { ChartData } from './chart-data.js';
import { Charts } from './charts.js';
import { CsvDialog } from './csv-dialog.js';
import { CurrentValues } from './current-values.js';
import type { LatestReadings } from './latest-readings.js';
import { RangePicker } from './range-picker.js';
import { SensorPicker } from './sensor-picker.js';
import type { View } from './view-url.js';

interface ReadingsPageProps {
  readonly view: View;
  readonly onView: (view: View) => void;
  /** Those shown: the chosen ones, or the one that reported last. */
  readonly sensorIds: readonly string[];
  /** Why it is not known whether there are readings; null: it is known. */
  readonly unknownBecause: string | null;
  readonly chartData: ChartData;
  readonly latest: LatestReadings;
  readonly zone: string;
  readonly tcpPort: number;
  /** Grows when the colours change. */
  readonly themeCount: number;
  readonly exportId: string;
  readonly exported: ExportEvent | null;
}

export function ReadingsPage(props: ReadingsPageProps): JSX.Element {
  const { view, onView, sensorIds, chartData, latest, zone } = props;
  const [isExporting, setExporting] = useState(false);
  if (sensorIds.length === 0 && props.unknownBecause !== null) {
    return (
      <section class="empty">
        <h1>No readings can be shown now</h1>
        <p role="status">{props.unknownBecause} The page tries again by itself.</p>
      </section>
    );
  }
  if (sensorIds.length === 0) return <NoReadingYet port={props.tcpPort} />;
  return (
    <>
      <h1 class="unseen">Readings</h1>
      <section class="choices" aria-label="What is shown">
        <SensorPicker
          chosen={view.sensorIds}
          shown={sensorIds}
          onChoose={(chosen) => onView({ ...view, sensorIds: chosen })}
        />
        <RangePicker
          range={view.range}
          zone={zone}
          onRange={(range) => onView({ ...view, range, zoom: null })}
        />
      </section>
      <CurrentValues sensorIds={sensorIds} latest={latest} zone={zone} />
      <Charts
        data={chartData}
        sensorIds={sensorIds}
        range={view.zoom ?? view.range}
        wholeRange={view.range}
        zone={zone}
        themeCount={props.themeCount}
        onZoom={(fromMs, toMs) => onView({ ...view, zoom: { kind: 'zoom', fromMs, toMs } })}
        onReset={() => onView({ ...view, zoom: null })}
        actions={
          <>
            <CopyLink />
            <button onClick={() => setExporting(true)}>Download CSV…</button>
          </>
        }
      />
      {isExporting && (
        <CsvDialog
          sensorIds={sensorIds}
          range={view.range}
          zone={zone}
          exportId={props.exportId}
          exported={props.exported}
          onClose={() => setExporting(false)}
        />
      )}
    </>
  );
}

function NoReadingYet({ port }: { readonly port: number }): JSX.Element {
  const host = window.location.hostname;
  return (
    <section class="empty">
      <h1>No reading has come yet</h1>
      <p>
        zdenergy is ready and waits for its gateways. Let them send to port {port} of this machine.
        This page shows the first reading as soon as it comes.
      </p>
      <p>To try it, send one from a terminal (bash):</p>
      <pre tabIndex={0} aria-label="Command that sends a reading">
        <code>{`echo '{"id":"first","temp":24.1,"rh":50.5,"lux":546.6}' > /dev/tcp/${host}/${port}`}</code>
      </pre>
      <p>Or start a fleet of ten simulated gateways where zdenergy is installed:</p>
      <pre tabIndex={0} aria-label="Command that starts simulated gateways">
        <code>npm run simulate -- --gateways 10 --interval 5s</code>
      </pre>
    </section>
  );
}

function CopyLink(): JSX.Element {
  const [said, setSaid] = useState('');
  const copy = (): void => {
    copyText(window.location.href).then(
      () => setSaid('Copied'),
      () => setSaid('Copy it from the address bar'),
    );
    window.setTimeout(() => setSaid(''), 3_000);
  };
  return (
    <button onClick={copy}>
      <span aria-live="polite">{said === '' ? 'Copy link' : said}</span>
    </button>
  );
}

/** Browsers have a clipboard for pages over HTTPS and on the machine itself only. */
async function copyText(text: string): Promise<void> {
  if (!window.isSecureContext) throw new Error('There is no clipboard over plain HTTP.');
  await window.navigator.clipboard.writeText(text);
}
