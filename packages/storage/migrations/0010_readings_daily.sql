-- A year of ten sensors is 87,600 rows of readings_hourly, in thousands of blocks; of days it is 3,650.
-- All rows of a block, those of today, change at once every few minutes: half of it takes the new ones.
CREATE TABLE readings_daily (LIKE readings_hourly INCLUDING ALL) WITH (fillfactor = 50);
COMMENT ON TABLE readings_daily IS 'Every day (UTC) of a sensor in one row, made from readings_hourly as that changes';
COMMENT ON COLUMN readings_daily.bucket IS 'When the day starts';

-- Who may read the hours, such as Grafana's role, reads the days.
DO $$
DECLARE reader text;
BEGIN
  FOR reader IN
    SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END
      FROM pg_class, aclexplode(relacl)
     WHERE oid = 'readings_hourly'::regclass AND privilege_type = 'SELECT' AND grantee <> relowner
  LOOP
    EXECUTE 'GRANT SELECT ON readings_daily TO ' || reader;
  END LOOP;
END $$;

-- Makes the days of changed hours anew, from all their hours. The database does it, and not a program,
-- because a version of zdenergy from before this table may write hours: after a rollback, or beside a
-- newer one while workers change. So the days are right with the commit of the hours, whoever made them.
CREATE FUNCTION make_days() RETURNS trigger LANGUAGE plpgsql
  -- Each day is found by its key; of what has only just come there are no statistics.
  SET enable_seqscan = off
  SET jit = off
AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM readings_daily AS gone
     USING (SELECT DISTINCT sensor_id, date_bin('24 hours', bucket, 'epoch'::timestamptz) AS bucket
              FROM changed) AS days
     WHERE gone.sensor_id = days.sensor_id AND gone.bucket = days.bucket;
  END IF;
  INSERT INTO readings_daily (sensor_id, bucket, first_time, readings,
    temperature_avg, temperature_min, temperature_max, temperature_count,
    humidity_avg, humidity_min, humidity_max, humidity_count,
    lux_avg, lux_min, lux_max, lux_count,
    irradiance_avg, irradiance_min, irradiance_max, irradiance_count)
  SELECT days.sensor_id, days.bucket, made.*
    FROM (SELECT DISTINCT sensor_id, date_bin('24 hours', bucket, 'epoch'::timestamptz) AS bucket
            FROM changed) AS days
   CROSS JOIN LATERAL (
     SELECT min(first_time), sum(readings) AS readings,
            sum(temperature_avg * temperature_count) / nullif(sum(temperature_count), 0),
            min(temperature_min), max(temperature_max), sum(temperature_count),
            sum(humidity_avg * humidity_count) / nullif(sum(humidity_count), 0),
            min(humidity_min), max(humidity_max), sum(humidity_count),
            sum(lux_avg * lux_count) / nullif(sum(lux_count), 0),
            min(lux_min), max(lux_max), sum(lux_count),
            sum(irradiance_avg * irradiance_count) / nullif(sum(irradiance_count), 0),
            min(irradiance_min), max(irradiance_max), sum(irradiance_count)
       FROM readings_hourly
      WHERE sensor_id = days.sensor_id
        AND bucket >= days.bucket AND bucket < days.bucket + interval '24 hours'
   ) AS made
   WHERE made.readings > 0
  ON CONFLICT (sensor_id, bucket) DO UPDATE SET
    first_time = excluded.first_time, readings = excluded.readings,
    temperature_avg = excluded.temperature_avg, temperature_min = excluded.temperature_min,
    temperature_max = excluded.temperature_max, temperature_count = excluded.temperature_count,
    humidity_avg = excluded.humidity_avg, humidity_min = excluded.humidity_min,
    humidity_max = excluded.humidity_max, humidity_count = excluded.humidity_count,
    lux_avg = excluded.lux_avg, lux_min = excluded.lux_min,
    lux_max = excluded.lux_max, lux_count = excluded.lux_count,
    irradiance_avg = excluded.irradiance_avg, irradiance_min = excluded.irradiance_min,
    irradiance_max = excluded.irradiance_max, irradiance_count = excluded.irradiance_count;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION make_days IS 'Keeps readings_daily as readings_hourly has it';

-- From here until the commit nobody else writes hours, so that none is missed between the two.
CREATE TRIGGER make_days_of_new_hours AFTER INSERT ON readings_hourly
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION make_days();
CREATE TRIGGER make_days_of_changed_hours AFTER UPDATE ON readings_hourly
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION make_days();
CREATE TRIGGER make_days_of_dropped_hours AFTER DELETE ON readings_hourly
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION make_days();

INSERT INTO readings_daily (sensor_id, bucket, first_time, readings,
  temperature_avg, temperature_min, temperature_max, temperature_count,
  humidity_avg, humidity_min, humidity_max, humidity_count,
  lux_avg, lux_min, lux_max, lux_count,
  irradiance_avg, irradiance_min, irradiance_max, irradiance_count)
SELECT sensor_id, date_bin('24 hours', bucket, 'epoch'::timestamptz) AS day,
       min(first_time), sum(readings),
       sum(temperature_avg * temperature_count) / nullif(sum(temperature_count), 0),
       min(temperature_min), max(temperature_max), sum(temperature_count),
       sum(humidity_avg * humidity_count) / nullif(sum(humidity_count), 0),
       min(humidity_min), max(humidity_max), sum(humidity_count),
       sum(lux_avg * lux_count) / nullif(sum(lux_count), 0),
       min(lux_min), max(lux_max), sum(lux_count),
       sum(irradiance_avg * irradiance_count) / nullif(sum(irradiance_count), 0),
       min(irradiance_min), max(irradiance_max), sum(irradiance_count)
  FROM readings_hourly
 GROUP BY sensor_id, day
 -- What a chart reads stands together.
 ORDER BY sensor_id, day;
-- The planner must not think it empty.
ANALYZE readings_daily;
