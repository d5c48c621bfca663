-- Of several zdenergy that share a database, one may store what it received long ago, after the
-- tables that follow `readings` have gone beyond: it notes here which range to look at once more.
CREATE TABLE late_arrivals (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  progress_table text NOT NULL,
  received_from  timestamptz NOT NULL,
  received_until timestamptz NOT NULL
);

COMMENT ON TABLE late_arrivals IS 'Ranges of received_at in which readings came late; gone once they are accounted for';
COMMENT ON COLUMN late_arrivals.progress_table IS 'Whose look it is: sensors_progress or rollups_progress';
