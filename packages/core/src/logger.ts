/**
 * The log: winston, one line an event, on standard output.
 *
 * A person greps for the marker that starts each message, so markers are fixed by name here.
 * `LOG_FORMAT=json` writes an object a line instead. Writing never blocks (see output.ts).
 */
import { Writable } from 'node:stream';
import winston from 'winston';
import { withoutPasswords } from './errors.js';
import { Output } from './output.js';
import type { Settings } from './settings.js';

export const marker = {
  starting: '🚀',
  listening: '✅',
  connected: '🔌',
  disconnected: '📴',
  warning: '⚠️',
  error: '❌',
  fatal: '💥',
  restarting: '🔄',
} as const;

export interface Logger {
  starting(message: string): void;
  listening(message: string): void;
  connected(message: string): void;
  disconnected(message: string): void;
  warning(message: string): void;
  error(message: string): void;
  fatal(message: string): void;
  restarting(message: string): void;
  /** A plain event, with no marker. */
  info(message: string): void;
  debug(message: string): void;
  /** Writes what still waits; the last thing a process does. */
  flush(): void;
}

/** A logger whose lines carry the process's name, for example `ingest-1`. */
export function createLogger(
  processName: string,
  settings: Pick<Settings, 'logLevel' | 'logFormat'>,
  output = new Output(),
): Logger {
  const { combine, timestamp, printf } = winston.format;
  const line =
    settings.logFormat === 'json'
      ? printf((info) =>
          JSON.stringify({
            timestamp: info['timestamp'],
            level: info.level,
            process: processName,
            message: info.message,
          }),
        )
      : printf(
          (info) =>
            `${String(info['timestamp'])} [${processName}] ${String(info.message).replaceAll('\n', '\n  ')}`,
        );
  const log = winston.createLogger({
    level: settings.logLevel,
    format: combine(timestamp(), line),
    transports: [
      new winston.transports.Stream({
        eol: '',
        stream: new Writable({
          decodeStrings: false,
          write(chunk, _encoding, written) {
            output.line(String(chunk));
            written();
          },
        }),
      }),
    ],
  });
  const say = (level: string, mark?: string) => (message: string) => {
    log.log(level, withoutPasswords(mark === undefined ? message : `${mark} ${message}`));
  };
  return {
    starting: say('info', marker.starting),
    listening: say('info', marker.listening),
    connected: say('info', marker.connected),
    disconnected: say('info', marker.disconnected),
    warning: say('warn', marker.warning),
    error: say('error', marker.error),
    fatal: say('error', marker.fatal),
    restarting: say('warn', marker.restarting),
    info: say('info'),
    debug: say('debug'),
    flush: () => output.flush(),
  };
}
