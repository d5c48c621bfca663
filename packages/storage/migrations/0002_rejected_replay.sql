ALTER TABLE rejected_readings ADD COLUMN replayed_at timestamptz;

COMMENT ON COLUMN rejected_readings.replayed_at IS 'When it was last sent again (npm run rejected -- replay)';
