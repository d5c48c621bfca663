/**
 * The routes that answer from what is stored.
 *
 * What always holds: a wrong parameter gets 400 with its name; a database that is away is told at
 * once, not waited for.
 */
import { Router, type RequestHandler } from 'express';
import { refuseMethod, sendJson, tellDatabaseAway, tellFailure } from './answers.js';
import { answerChart } from './chart-endpoint.js';
import { answerData } from './data-endpoint.js';
import { answerDates } from './dates-endpoint.js';
import { answerEstimate, answerExport } from './export-endpoint.js';
import { answerOpenApi } from './openapi-endpoint.js';
import { refusing } from './parameter-refusal.js';
import { answerSensors } from './sensors-endpoint.js';
import type { Answer, AskDatabase, StoredParts } from './stored-parts.js';

export function storedRoutes(parts: StoredParts): Router {
  const router = Router();
  const answers: Readonly<Record<string, RequestHandler>> = {
    '/api/data': refusing(answerData(parts)),
    '/api/dates': refusing(needingDatabase(parts, answerDates(parts))),
    '/api/export/csv': refusing(answerExport(parts)),
    '/api/export/estimate': refusing(needingDatabase(parts, answerEstimate(parts))),
    '/api/history': refusing(needingDatabase(parts, answerChart(parts))),
    '/api/sensors': refusing(needingDatabase(parts, answerSensors(parts))),
    '/api/openapi.json': answerOpenApi(parts.version),
  };
  for (const [path, answer] of Object.entries(answers)) {
    router.route(path).get(answer).all(refuseMethod('GET, HEAD'));
  }
  return router;
}

/** Answers 503 when the database is away. A wrong parameter is told even then. */
function needingDatabase({ databaseState, logger }: StoredParts, ask: AskDatabase): Answer {
  return async (request, response) => {
    const answer = ask(request);
    const state = databaseState();
    if (state.connected === false) {
      tellDatabaseAway(response, state);
      return;
    }
    let body: unknown;
    try {
      body = await answer();
    } catch (error) {
      tellFailure(response, error, logger);
      return;
    }
    sendJson(response, 200, body);
  };
}
