/**
 * What a chart of sensors asks Postgres: short ranges of the readings themselves, longer ones of the
 * averages of 5 minutes, then of an hour, the longest of those of a day.
 *
 * What always holds: a sensor that reports every 20 seconds or less often has at most some 4,500 points
 * in any range up to twelve years, and Postgres looks into one of the tables only.
 */
'use strict';

const daySeconds = 86_400;
const levels = [
  { table: 'readings', time: 'time', column: (name) => name, toSeconds: daySeconds },
  {
    table: 'readings_5min',
    time: 'bucket',
    column: (name) => `${name}_avg`,
    toSeconds: 15 * daySeconds,
  },
  {
    table: 'readings_hourly',
    time: 'bucket',
    column: (name) => `${name}_avg`,
    // Half a year, and the few days that it may be longer.
    toSeconds: 187 * daySeconds,
  },
  {
    table: 'readings_daily',
    time: 'bucket',
    column: (name) => `${name}_avg`,
    toSeconds: Infinity,
  },
];

/** Of the range that is shown. */
const seconds = '($__unixEpochTo() - $__unixEpochFrom())';

function sensorQuery(column) {
  let fromSeconds = 0;
  const parts = levels.map((level) => {
    const conditions = [
      `sensor_id IN (\${sensor:sqlstring})`,
      `$__timeFilter(${level.time})`,
      ...(fromSeconds > 0 ? [`${seconds} > ${fromSeconds}`] : []),
      ...(level.toSeconds < Infinity ? [`${seconds} <= ${level.toSeconds}`] : []),
    ];
    fromSeconds = level.toSeconds;
    return (
      `SELECT ${level.time} AS "time", sensor_id AS metric, ${level.column(column)} AS value\n` +
      `  FROM ${level.table}\n WHERE ${conditions.join('\n   AND ')}`
    );
  });
  return `${parts.join('\nUNION ALL\n')}\n ORDER BY 1`;
}

module.exports = { sensorQuery };
