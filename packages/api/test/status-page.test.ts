import { nextReport } from '../src/cluster-report.js';
import { healthReport } from '../src/health.js';
import { statsReport } from '../src/stats.js';
import { statusPage } from '../src/status-page.js';
import { clusterState, tcpWorker } from './cluster.js';
import { runApi } from './running-api.js';

const reading = {
  sensorId: '<script>alert(1)</script>',
  timeUs: Date.UTC(2025, 9, 2, 17, 58, 37) * 1_000,
  temperature: 24.1,
  humidity: null,
  lux: 0,
  irradiance: 4.304,
  extra: null,
  receivedAtUs: 0,
};

function page(workers = [tcpWorker()], readings = [reading]): string {
  const cluster = nextReport(null, clusterState(workers), 0);
  const { body } = healthReport(
    {
      cluster,
      database: { connected: true, problem: null },
      memoryReadings: readings.length,
      staleAfterMs: 600_000,
      version: '1.2.3',
    },
    { monotonicMs: 0, wallMs: 0 },
  );
  return statusPage(body, statsReport(cluster, new Map(), 0), readings);
}

describe('the status page', () => {
  it('shows a reading, with dashes for what was not measured', () => {
    expect(page()).toContain(
      '<td>2025-10-02 17:58:37</td><td class="number">24.10</td><td class="number">–</td>' +
        '<td class="number">0.00</td><td class="number">4.30</td>',
    );
  });

  it('escapes what a gateway sent', () => {
    expect(page()).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page()).not.toContain('<script');
  });

  it('says the status and its reasons', () => {
    const html = page([tcpWorker({ status: 'hung' })]);
    expect(html).toContain('<div class="status error" role="status"><strong>error</strong>\n<p>');
    expect(page()).toContain('<div class="status ok"');
  });

  it('says that no reading has come yet', () => {
    expect(page([tcpWorker()], [])).toContain('No reading has come yet.');
  });

  it('is what / answers, and allows its own style only', async () => {
    const api = await runApi();
    try {
      const response = await fetch(`http://127.0.0.1:${api.port}/`);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
      expect(await response.text()).toContain('<h1>zdenergy</h1>');
    } finally {
      await api.stop(1_000);
    }
  });
});
