/** `/api/dates`: the first and the last day with readings, and how many readings there are. */
import { sensorParameter } from './query-parameters.js';
import type { AskDatabase, StoredParts } from './stored-parts.js';

export function answerDates({ data, displayTimeZone }: StoredParts): AskDatabase {
  const day = dayIn(displayTimeZone);
  return ({ query }) => {
    const sensorId = sensorParameter(query);
    return async () => {
      const always = { fromMs: -Infinity, toMs: Infinity };
      const { readings, firstMs, lastMs } = await data.extent(always, sensorId);
      return {
        date_range: {
          min_date: firstMs === null ? null : day(firstMs),
          max_date: lastMs === null ? null : day(lastMs),
        },
        total_readings: readings,
      };
    };
  };
}

/** The day in a zone at an instant, as YYYY-MM-DD. */
function dayIn(zone: string): (ms: number) => string {
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  return (ms) => {
    const parts = new Map(formatter.formatToParts(ms).map(({ type, value }) => [type, value]));
    return ['year', 'month', 'day'].map((type) => parts.get(type as 'year') ?? '').join('-');
  };
}
