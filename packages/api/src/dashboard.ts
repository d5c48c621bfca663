/**
 * The page that people look at: the files that its build left, as they are.
 *
 * What always holds: index.html is asked for anew each time, so that a new version shows at once; what
 * it loads has its content's hash in its name, and is never asked for again. Without a build there is
 * nothing here, and the request goes on.
 */
import { sep } from 'node:path';
import compression from 'compression';
import express, { type RequestHandler } from 'express';

const hashed = `${sep}assets${sep}`;

/** @param directory with index.html, and assets/ beside it. */
export const dashboard = (directory: string): RequestHandler =>
  express.static(directory, {
    redirect: false,
    setHeaders(response, path) {
      const isHashed = path.slice(directory.length).includes(hashed);
      // Private: whoever is between here and the browser is not let in.
      const keep = isHashed ? 'private, max-age=31536000, immutable' : 'no-cache';
      response.setHeader('Cache-Control', keep);
    },
  });

/** Events would be held back by a compressor, and exports wait for callbacks of writing, which it drops. */
const asTheyAre = /^text\/(?:event-stream|csv)/;

/** Compresses answers that gain by it. */
export const compressAnswers: RequestHandler = compression({
  filter: (request, response) =>
    !asTheyAre.test(String(response.getHeader('Content-Type'))) &&
    compression.filter(request, response),
});
