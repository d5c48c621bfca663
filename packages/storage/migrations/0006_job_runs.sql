-- One row a job, so that it stays small however long zdenergy runs.
CREATE TABLE job_runs (
  job        text PRIMARY KEY,
  started_at timestamptz NOT NULL,
  ended_at   timestamptz,
  outcome    text NOT NULL CHECK (outcome IN ('running', 'done', 'failed')),
  detail     text NOT NULL,
  done_for   date
);

COMMENT ON TABLE job_runs IS 'When each scheduled job ran last, and how that ended';
COMMENT ON COLUMN job_runs.ended_at IS 'NULL: it runs, or its process died';
COMMENT ON COLUMN job_runs.detail IS 'What it did, or why it failed';
COMMENT ON COLUMN job_runs.done_for IS 'The day that it was done for last: it is due once a day';
