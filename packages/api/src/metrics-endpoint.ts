/**
 * `/metrics`: how everything is, for Prometheus.
 *
 * What always holds: an answer is made of what is in memory, and waits for nothing.
 */
import type { RequestHandler } from 'express';
import type { MetricFamily } from './metric-family.js';

export function answerMetrics(families: () => readonly MetricFamily[]): RequestHandler {
  return async (_request, response) => {
    // Loaded when somebody asks: many will not.
    const { AggregatorRegistry } = await import('prom-client');
    const known = families().filter(({ values }) => values.length > 0);
    const registry = AggregatorRegistry.aggregate([known]);
    const text = Buffer.from(await registry.metrics());
    response.writeHead(200, {
      'Content-Type': registry.contentType,
      'Content-Length': text.length,
      'Cache-Control': 'no-store',
    });
    response.end(text);
  };
}
