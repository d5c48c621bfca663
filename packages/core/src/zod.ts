/**
 * zod, loaded one file after the other.
 *
 * As an ES module it opens its hundred files at once, and a process that may have only 64 open
 * dies of that (EMFILE) before it can say anything; this way it also starts sooner.
 */
import { createRequire } from 'node:module';
import type * as zod from 'zod';

export const { z } = createRequire(import.meta.url)('zod') as typeof zod;
