CREATE TABLE readings (
  sensor_id   text COLLATE "C" NOT NULL,
  time        timestamptz NOT NULL,
  temperature double precision,
  humidity    double precision,
  lux         double precision,
  irradiance  double precision,
  extra       jsonb,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (sensor_id, time)
) PARTITION BY RANGE (time);

-- Tiny, and enough to find what arrived lately without reading a whole month.
CREATE INDEX readings_received_at ON readings USING brin (received_at);

COMMENT ON TABLE readings IS 'What the sensors measured: one row for a sensor and a time';
COMMENT ON COLUMN readings.time IS 'When it was measured, by the gateway''s clock';
COMMENT ON COLUMN readings.temperature IS 'Air temperature, °C';
COMMENT ON COLUMN readings.humidity IS 'Relative humidity, %';
COMMENT ON COLUMN readings.lux IS 'Illuminance, lx';
COMMENT ON COLUMN readings.irradiance IS 'Irradiance, W/m²: as sent, or derived from lux';
COMMENT ON COLUMN readings.extra IS 'Everything else that the gateway sent';
COMMENT ON COLUMN readings.received_at IS 'When zdenergy received it, by its own clock';

CREATE TABLE rejected_readings (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rejected_at timestamptz NOT NULL,
  peer        text NOT NULL,
  reason      text NOT NULL,
  raw         text NOT NULL
);

COMMENT ON TABLE rejected_readings IS 'What was refused, and why';
COMMENT ON COLUMN rejected_readings.rejected_at IS 'When it was received';
COMMENT ON COLUMN rejected_readings.peer IS 'Address and port of the gateway';
COMMENT ON COLUMN rejected_readings.raw IS 'As the gateway sent it';

-- How far each journal has come, and what became of its readings. The row changes in the same
-- transaction that stores the readings it covers.
CREATE TABLE journals (
  id          uuid PRIMARY KEY,
  position    bigint NOT NULL,
  stored      bigint NOT NULL,
  duplicates  bigint NOT NULL,
  rejected    bigint NOT NULL,
  skipped     bigint NOT NULL,
  updated_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT every_item_is_accounted_for
    CHECK (position = stored + duplicates + rejected + skipped)
);

COMMENT ON TABLE journals IS 'How far each journal on disk has been stored';
COMMENT ON COLUMN journals.position IS 'Sequence number of the next item';
COMMENT ON COLUMN journals.skipped IS 'Sequence numbers that were never used';
