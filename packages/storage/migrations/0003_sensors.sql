-- Every sensor with the reading that came last. Kept up to date from what arrived since
-- `sensors_progress.received_until`, some seconds behind `readings`.
CREATE TABLE sensors (
  sensor_id     text COLLATE "C" PRIMARY KEY,
  time          timestamptz NOT NULL,
  temperature   double precision,
  humidity      double precision,
  lux           double precision,
  irradiance    double precision,
  received_at   timestamptz NOT NULL,
  clock_skew    double precision,
  clock_samples integer NOT NULL
) WITH (fillfactor = 50);

COMMENT ON TABLE sensors IS 'Every sensor with the reading that came last, some seconds behind readings';
COMMENT ON COLUMN sensors.time IS 'When the last reading was measured, by the gateway''s clock';
COMMENT ON COLUMN sensors.received_at IS 'When zdenergy received it, by its own clock';
COMMENT ON COLUMN sensors.clock_skew IS 'Seconds by which the gateway''s clock is ahead (negative: behind)';
COMMENT ON COLUMN sensors.clock_samples IS 'How many times in a row the skew was within 3 minutes of this';

CREATE TABLE sensors_progress (
  is_only        boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  received_until timestamptz NOT NULL
);

COMMENT ON TABLE sensors_progress IS 'Readings received until then are accounted for in sensors';

-- A journal may have filled for some time before there was a database for it.
INSERT INTO sensors_progress (received_until)
SELECT coalesce(min(applied_at), now()) - interval '31 days' FROM schema_migrations;
