-- A role for Grafana, which can read what was measured and change nothing:
--
--     GRAFANA_DB_PASSWORD=choose-one npm run psql -- -f scripts/grafana/read-only-role.sql
--
-- It may be run again, also to change the password. Who runs it must be allowed to create roles.
\set ON_ERROR_STOP on
\getenv password GRAFANA_DB_PASSWORD
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'zdenergy_grafana') AS is_new \gset
\if :is_new
CREATE ROLE zdenergy_grafana;
\endif
ALTER ROLE zdenergy_grafana WITH LOGIN PASSWORD :'password' CONNECTION LIMIT 10;
-- A chart that was asked too much of must not slow down what stores readings.
ALTER ROLE zdenergy_grafana SET default_transaction_read_only = on;
ALTER ROLE zdenergy_grafana SET statement_timeout = '30s';
GRANT USAGE ON SCHEMA public TO zdenergy_grafana;
GRANT SELECT ON readings, readings_5min, readings_hourly, readings_daily, sensors TO zdenergy_grafana;
