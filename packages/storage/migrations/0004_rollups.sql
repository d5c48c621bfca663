-- Tiny, and enough to find a day of all sensors without reading its whole month.
CREATE INDEX readings_time ON readings USING brin (time);

-- What a chart of a long time is made of. Both tables are kept up to date from what arrived since
-- `rollups_progress.received_until`, some minutes behind `readings`.
CREATE TABLE readings_5min (
  sensor_id         text COLLATE "C" NOT NULL,
  bucket            timestamptz NOT NULL,
  first_time        timestamptz NOT NULL,
  temperature_avg   double precision,
  temperature_min   double precision,
  temperature_max   double precision,
  humidity_avg      double precision,
  humidity_min      double precision,
  humidity_max      double precision,
  lux_avg           double precision,
  lux_min           double precision,
  lux_max           double precision,
  irradiance_avg    double precision,
  irradiance_min    double precision,
  irradiance_max    double precision,
  readings          integer NOT NULL,
  temperature_count integer NOT NULL,
  humidity_count    integer NOT NULL,
  lux_count         integer NOT NULL,
  irradiance_count  integer NOT NULL,
  PRIMARY KEY (sensor_id, bucket)
);

COMMENT ON TABLE readings_5min IS 'Every 5 minutes of a sensor in one row, some minutes behind readings';
COMMENT ON COLUMN readings_5min.bucket IS 'When the 5 minutes, or the hour, start';
COMMENT ON COLUMN readings_5min.first_time IS 'When the first reading in them was measured';
COMMENT ON COLUMN readings_5min.readings IS 'How many readings there are';
COMMENT ON COLUMN readings_5min.temperature_count IS 'How many of them measured a temperature';
COMMENT ON COLUMN readings_5min.humidity_count IS 'How many of them measured a humidity';
COMMENT ON COLUMN readings_5min.lux_count IS 'How many of them measured an illuminance';
COMMENT ON COLUMN readings_5min.irradiance_count IS 'How many of them have an irradiance';

-- The row of the current hour changes every few minutes.
CREATE TABLE readings_hourly (LIKE readings_5min INCLUDING ALL) WITH (fillfactor = 60);
COMMENT ON TABLE readings_hourly IS 'Every hour of a sensor in one row, some minutes behind readings';

-- Counting millions of readings takes seconds; adding these up does not.
CREATE TABLE readings_counts (
  bucket   timestamptz PRIMARY KEY,
  readings bigint NOT NULL
) WITH (fillfactor = 50);

COMMENT ON TABLE readings_counts IS 'How many readings all sensors have in each 5 minutes: the sums of readings_5min';
COMMENT ON COLUMN readings_counts.bucket IS 'When the 5 minutes start';

CREATE TABLE rollups_progress (
  is_only        boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  received_until timestamptz NOT NULL
);

COMMENT ON TABLE rollups_progress IS 'Readings received until then are accounted for in readings_5min, readings_hourly and readings_counts';

-- A journal may have filled for some time before there was a database for it.
INSERT INTO rollups_progress (received_until)
SELECT coalesce(min(applied_at), now()) - interval '31 days' FROM schema_migrations;
