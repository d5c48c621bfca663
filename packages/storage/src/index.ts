export { Batch } from './batch.js';
export { chartBuckets, type ChartBuckets, type ChartSource } from './chart-buckets.js';
export { decodeRows, endOfRow, type StoredReading } from './copy-rows.js';
export { Drain, type DrainState } from './drain.js';
export { DrainFigures } from './drain-figures.js';
export { ImportBatch, type ImportedReading } from './import-batch.js';
export { Intake, type IntakeEvents } from './intake.js';
export { diskFiles, replaceFile, type Files } from './journal/files.js';
export { Journal } from './journal/journal.js';
export {
  journalEnd,
  listSegments,
  surveyJournal,
  type JournalSurvey,
  type SegmentEntry,
} from './journal/survey.js';
export { judgeJournal, type Finding, type JournalVerdict, type Notice } from './journal/verify.js';
export type { Chart, ChartPoint, ChartQuestion } from './postgres/chart.js';
export { isServerGone } from './postgres/connection.js';
export {
  haveReadings,
  openCsvExport,
  type CsvExport,
  type CsvQuestion,
} from './postgres/csv-export.js';
export { examineDatabase, type Examination } from './postgres/examination.js';
export {
  openImport,
  openImportTrial,
  type ImportState,
  type ImportTarget,
} from './postgres/imports.js';
export {
  JobProblem,
  runJob,
  type JobName,
  type JobOrder,
  type JobOutcome,
  type JobSession,
} from './postgres/job-run.js';
export {
  exportByCopy,
  historySensor,
  writeHistory,
  type History,
} from './postgres/long-history.js';
export {
  copyTextColumns,
  openMeasuringSession,
  type JournalTotals,
  type MeasuringSession,
  type ReadingKeys,
  type ServerDescription,
} from './postgres/measuring.js';
export { createDatabaseProbe, type DatabaseProbe } from './postgres/probe.js';
export { migrateDatabase } from './postgres/migrate.js';
export { newestReadings } from './postgres/newest-readings.js';
export { openOldTable, type OldTable } from './postgres/old-table.js';
export { makePartitionsAhead } from './postgres/partitions.js';
export { askProgress } from './postgres/progress.js';
export {
  openRejectedReadings,
  type ReadingKey,
  type ReceiptKey,
  type RejectedReading,
  type RejectedReadings,
} from './postgres/rejected.js';
export {
  deleteRejectedBefore,
  dropMonthsBefore,
  keptSinceMs,
  type DroppedMonth,
} from './postgres/retention.js';
export { openRollups, type RollupLook, type Rollups } from './postgres/rollups.js';
export {
  openSensorTable,
  type Sensor,
  type SensorPage,
  type SensorQuestion,
  type SensorStatus,
  type SensorTable,
  type StatusRule,
} from './postgres/sensors.js';
export { refreshStatistics } from './postgres/statistics.js';
export {
  openStoredData,
  type MeasuredReading,
  type StoredData,
  type StoredExtent,
  type TimeRange,
} from './postgres/stored-data.js';
