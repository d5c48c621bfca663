/** A log that a test can read: a file that is gone with the process. */
import { fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, Output, type Logger, type Settings } from '@zdenergy/core';

export interface FileLogger {
  readonly logger: Logger;
  /** What the log holds by now. */
  readonly log: () => string;
  /** Resolves once the log, which is written in the background, holds the text. */
  readonly logged: (text: string) => Promise<void>;
}

export function fileLogger(
  settings: Pick<Settings, 'logLevel' | 'logFormat'> = { logLevel: 'info', logFormat: 'text' },
): FileLogger {
  const descriptor = unnamedFile();
  return {
    logger: createLogger('api', settings, new Output(descriptor)),
    log: () => contentOf(descriptor),
    async logged(text) {
      const deadline = performance.now() + 2_000;
      while (!contentOf(descriptor).includes(text)) {
        if (performance.now() > deadline) throw new Error(`not in the log: ${text}`);
        await sleep(10);
      }
    },
  };
}

/** The descriptor of a file that is gone with the process: a line may still be on its way to it. */
function unnamedFile(): number {
  const directory = mkdtempSync(path.join(tmpdir(), 'zdenergy-api-'));
  const descriptor = openSync(path.join(directory, 'log'), 'a+');
  rmSync(directory, { recursive: true });
  return descriptor;
}

function contentOf(descriptor: number): string {
  const bytes = Buffer.alloc(fstatSync(descriptor).size);
  return bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, bytes.length, 0));
}
