/** How every route answers a wrong parameter. */
import type { Request, RequestHandler, Response } from 'express';
import { sendJson } from './answers.js';
import { ParameterRefused } from './query-parameters.js';

/** Answers 400, with its message, when `answer` throws ParameterRefused. */
export const refusing =
  (answer: (request: Request, response: Response) => void | Promise<void>): RequestHandler =>
  async (request, response) => {
    try {
      await answer(request, response);
    } catch (error) {
      if (!(error instanceof ParameterRefused)) throw error;
      sendJson(response, 400, { error: error.message });
    }
  };
