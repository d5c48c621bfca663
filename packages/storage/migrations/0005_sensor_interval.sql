ALTER TABLE sensors
  ADD COLUMN recent_gaps double precision[] NOT NULL DEFAULT '{}',
  ADD COLUMN interval_seconds double precision;

COMMENT ON COLUMN sensors.recent_gaps IS 'Seconds between the times of the last readings, the newest first';
COMMENT ON COLUMN sensors.interval_seconds IS 'How often it reports: the median of recent_gaps; NULL until there are 3';
