/**
 * Readings that can be told apart: each has a number, which stands in its time too.
 *
 * What always holds: the rows of a sensor say which of its readings they are, by their times alone.
 */

const firstTime = '2024-01-01T00:00:00Z';

/** In the database, the number of the reading in a row. */
export const numberInRow = `(extract(epoch FROM time - '${firstTime}'))::int`;

/** One object and a line end; it asks to be acknowledged by its number. */
export function numberedReading(sensorId: string, seq: number): string {
  const time = new Date(Date.parse(firstTime) + seq * 1_000).toISOString();
  const temp = (seq % 400) / 10;
  return `{"id":"${sensorId}","time":"${time}","temp":${temp},"seq":${seq}}\n`;
}
