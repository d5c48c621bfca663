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
import { refusing } from './parameter-refusal.js';
import {
  ParameterRefused,
  sensorsParameter,
  textParameter,
  type Query,
} from './query-parameters.js';
import { maxStreams, type StreamHub, type StreamQuestion } from './stream-hub.js';

/** As many as fit into a URL, more or less; none: all. */
const sensors = [0, 100] as const;

export function streamEndpoint(hub: StreamHub, admit: (visit: Visit) => Admission): RequestHandler {
  return refusing((request, response) => {
    const question = parseQuestion(request.query);
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
  });
}

/** @throws {ParameterRefused} */
function parseQuestion(query: Query): StreamQuestion {
  const sensorIds = sensorsParameter(query, sensors);
  const expected = '1 to 40 letters, digits, - or _';
  const exportId = textParameter(query, 'export_id', expected);
  if (exportId !== undefined && !/^[\w-]{1,40}$/.test(exportId)) {
    throw new ParameterRefused('export_id', expected);
  }
  return { sensorIds: sensorIds.length === 0 ? undefined : new Set(sensorIds), exportId };
}
