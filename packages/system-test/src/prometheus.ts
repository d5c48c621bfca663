/**
 * The real Prometheus, with the configuration and the rules that come with zdenergy.
 *
 * What always holds: it scrapes every second, and dies with the test.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Releases } from '@zdenergy/core';
import { freePort } from './ports.js';
import { Program } from './program.js';
import { eventually } from './wait.js';

/** What comes with zdenergy for Prometheus and Grafana. */
export const monitoringDirectory = fileURLToPath(
  new URL('../../../scripts/grafana/', import.meta.url),
);

const scrapeInterval = '1s';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface QueryAnswer {
  readonly status: 'success' | 'error';
  readonly error?: string;
  readonly data?: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [number, string];
    }[];
  };
}

export class Prometheus {
  readonly #port: number;

  private constructor(port: number) {
    this.#port = port;
  }

  /** Resolves once it answers; it scrapes who listens on the port with this token. */
  static async start(releases: Releases, httpPort: number, apiToken: string): Promise<Prometheus> {
    const directory = await mkdtemp(join(tmpdir(), 'zdenergy-prometheus-'));
    const token = join(directory, 'token');
    await writeFile(token, apiToken);
    const committed = await readFile(join(monitoringDirectory, 'prometheus.yml'), 'utf8');
    const config = committed
      .replaceAll('15s', scrapeInterval)
      .replace('zdenergy:5000', `127.0.0.1:${httpPort}`)
      .replace('/run/secrets/api_token', token)
      .replace('/etc/prometheus/alerts.yml', join(monitoringDirectory, 'alerts.yml'));
    await writeFile(join(directory, 'prometheus.yml'), config);
    const port = await freePort();
    const program = new Program(
      '/usr/bin/prometheus',
      [
        `--config.file=${join(directory, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(directory, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { cwd: directory, env: {} },
    );
    releases.push(async () => {
      program.signal('SIGKILL');
      await program.exited;
      await rm(directory, { recursive: true, force: true });
    });
    const prometheus = new Prometheus(port);
    await eventually(async () => {
      await prometheus.query('vector(1)').catch((error: unknown) => {
        throw new Error(`Prometheus does not answer: ${program.output}`, { cause: error });
      });
    });
    return prometheus;
  }

  /** What a query gives now. @throws when it is no valid query. */
  async query(promql: string): Promise<Sample[]> {
    const url = `http://127.0.0.1:${this.#port}/api/v1/query?query=${encodeURIComponent(promql)}`;
    const answer = (await (await fetch(url)).json()) as QueryAnswer;
    if (answer.data === undefined) throw new Error(`${promql}: ${answer.error ?? answer.status}`);
    return answer.data.result.map(({ metric, value: [, value] }) => ({
      labels: metric,
      value: Number(value),
    }));
  }

  /** The one value of a query. @throws when there is none, or more than one. */
  async value(promql: string): Promise<number> {
    const samples = await this.query(promql);
    if (samples.length !== 1) throw new Error(`${promql} gives ${samples.length} samples`);
    return samples[0].value;
  }
}
