/** What the routes of stored-routes.ts are made of, and how they answer. */
import type { Logger } from '@zdenergy/core';
import type {
  CsvExport,
  CsvQuestion,
  SensorTable,
  StoredData,
  StoredReading,
} from '@zdenergy/storage';
import type { Request, Response } from 'express';
import type { ExportProgress } from './export-progress.js';
import type { DatabaseState } from './health.js';

export interface StoredParts {
  readonly data: StoredData;
  readonly sensors: Pick<SensorTable, 'list'>;
  readonly openExport: (question: CsvQuestion) => Promise<CsvExport>;
  readonly databaseState: () => DatabaseState;
  readonly displayTimeZone: string;
  /** Of times without an offset. */
  readonly sensorTimeZone: string;
  readonly progress: ExportProgress;
  readonly logger: Logger;
  readonly version: string;
  /** The readings in memory, in the order of arrival. */
  readonly memory: () => Iterable<StoredReading>;
}

/** Answers a request. @throws {ParameterRefused} */
export type Answer = (request: Request, response: Response) => Promise<void>;

/** Reads the parameters, and gives what asks the database. @throws {ParameterRefused} */
export type AskDatabase = (request: Request) => () => Promise<unknown>;
