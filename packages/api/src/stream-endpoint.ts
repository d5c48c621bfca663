/**
 * `/api/stream`: readings, status and the progress of an export as server-sent events.
 *
 * What always holds: what cannot be followed is refused with a status code, before a stream begins;
 * nothing on the way may hold events back to compress or to cache them.
 */
import type { RequestHandler } from 'express';
import type { Admission } from './access.js';
import { sendJson } from './answers.js';
import { visitOf, type Visit } from './client.js';
import { maxStreams, type StreamHub, type StreamQuestion } from './stream-hub.js';

/** As many as fit into a URL, more or less. */
const maxSensorIds = 100;
/** As long as a sensor's id may be. */
const maxIdLength = 100;

export function streamEndpoint(hub: StreamHub, admit: (visit: Visit) => Admission): RequestHandler {
  return (request, response) => {
    const question = parseQuestion(request.query);
    if ('problem' in question) {
      sendJson(response, 400, { error: question.problem });
      return;
    }
    if (!hub.hasRoom) {
      response.setHeader('Retry-After', 1);
      sendJson(response, 503, { error: `At most ${maxStreams} streams at once. Try again.` });
      return;
    }
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-cache, no-transform',
      // The end of the stream is the end of the connection: a stop waits for neither.
      Connection: 'close',
      // For nginx, which otherwise holds events back until they fill a buffer.
      'X-Accel-Buffering': 'no',
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    response.socket?.setNoDelay(true);
    const visit = visitOf(request);
    hub.open(response, question, () => admit(visit).admitted);
  };
}

function parseQuestion(
  query: Readonly<Record<string, unknown>>,
): StreamQuestion | { readonly problem: string } {
  const { sensor_id: sensorId, export_id: exportId } = query;
  const sensorIds: unknown[] = sensorId === undefined ? [] : [sensorId].flat();
  if (sensorIds.length > maxSensorIds) {
    return { problem: `sensor_id: expected at most ${maxSensorIds} sensors` };
  }
  if (!sensorIds.every(isSensorId)) return { problem: 'sensor_id: expected the id of a sensor' };
  if (exportId !== undefined && !isExportId(exportId)) {
    return { problem: 'export_id: expected 1 to 40 letters, digits, - or _' };
  }
  return { sensorIds: sensorIds.length === 0 ? undefined : new Set(sensorIds), exportId };
}

const isSensorId = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && [...value].length <= maxIdLength;

const isExportId = (value: unknown): value is string =>
  typeof value === 'string' && /^[\w-]{1,40}$/.test(value);
