-- What was moved in from elsewhere, beside what came through the journals: a row for each source.
-- It changes in the same transaction that stores the rows it covers.
CREATE TABLE imports (
  id          text PRIMARY KEY,
  name        text NOT NULL,
  position    bigint NOT NULL DEFAULT 0,
  stored      bigint NOT NULL DEFAULT 0,
  duplicates  bigint NOT NULL DEFAULT 0,
  rejected    bigint NOT NULL DEFAULT 0,
  resume_at   jsonb,
  started_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  CONSTRAINT every_row_is_accounted_for CHECK (position = stored + duplicates + rejected)
);

COMMENT ON TABLE imports IS 'How far each source was moved in (npm run import), and what became of its rows';
COMMENT ON COLUMN imports.id IS 'A digest of the source and of how it is read';
COMMENT ON COLUMN imports.position IS 'How many rows were read; with --again they count again';
COMMENT ON COLUMN imports.resume_at IS 'Where reading goes on; NULL: at the start';
COMMENT ON COLUMN imports.finished_at IS 'When its end was reached; NULL: it was not yet';
