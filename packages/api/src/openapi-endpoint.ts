/**
 * `/api/openapi.json`: what the API answers, for programs (OpenAPI 3.1).
 *
 * What always holds: it is one value, made once; every path of the API is in it.
 */
import type { RequestHandler } from 'express';
import { measurementNames } from '@zdenergy/core';
import { sendJson } from './answers.js';

type Schema = Readonly<Record<string, unknown>>;

const string: Schema = { type: 'string' };
const number: Schema = { type: 'number' };
const count: Schema = { type: 'integer', minimum: 0 };
const bool: Schema = { type: 'boolean' };
const time: Schema = { type: 'string', format: 'date-time' };
const date: Schema = { type: 'string', format: 'date' };
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const list = (items: Schema): Schema => ({ type: 'array', items });
const named = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/** An object with these fields, and perhaps more later. */
function object(
  fields: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): Schema {
  const required = Object.keys(fields).filter((name) => !optional.includes(name));
  return { type: 'object', properties: fields, required };
}

const measurements = Object.fromEntries(measurementNames.map((name) => [name, orNull(number)]));
const columns = Object.fromEntries(
  measurementNames.flatMap((name) =>
    [name, `${name}_min`, `${name}_max`].map((column) => [column, list(orNull(number))]),
  ),
);
const boundColumns = measurementNames.flatMap((name) => [`${name}_min`, `${name}_max`]);

const tcpCounts = [
  'open',
  'opened',
  'closed',
  'refused',
  'timed_out',
  'bytes_received',
  'readings',
  'rejected',
  'times_replaced',
  'noise_bytes',
];

const schemas: Readonly<Record<string, Schema>> = {
  Error: object({ error: string }),
  Reading: object({ sensor_id: string, time, ...measurements }),
  About: object({ version: string, display_timezone: string, login: bool, tcp_port: count }),
  Readings: object({
    readings: list(named('Reading')),
    count,
    source: { enum: ['database', 'memory'] },
  }),
  Dates: object({
    date_range: object({ min_date: orNull(date), max_date: orNull(date) }),
    total_readings: count,
  }),
  History: object({
    from: time,
    to: time,
    bucket_seconds: { ...number, description: '0: the points are the readings themselves' },
    source: { enum: ['readings', 'five_minutes', 'hours', 'days'] },
    series: list(
      object(
        {
          sensor_id: string,
          count: { ...count, description: 'How many readings the points stand for' },
          last: {
            ...orNull(object({ time: number, ...measurements })),
            description: 'The newest reading itself; null: there is none in the range',
          },
          readings: { ...list(count), description: 'How many readings each bucket has' },
          time: {
            ...list(number),
            description: 'Seconds since 1970; of the first reading in a bucket',
          },
          ...columns,
        },
        ['readings', ...boundColumns],
      ),
    ),
  }),
  Estimate: object({ rows: count, bytes: count, filename: string }),
  Sensors: object({
    sensors: list(
      object({
        sensor_id: string,
        last_reading: object({ time, ...measurements }),
        received_at: time,
        interval_seconds: orNull(number),
        status: { enum: ['online', 'late', 'silent'] },
        seconds_since: number,
        clock_skew_seconds: orNull(number),
        clock_hint: orNull(string),
      }),
    ),
    count,
    next: orNull(string),
    counts: object({ online: count, late: count, silent: count }),
  }),
  Gateway: object({
    address: string,
    open: count,
    opened: count,
    last_seen_seconds: number,
    bytes: count,
    readings: count,
    rejected: count,
  }),
  Stats: object({
    workers: list(
      object({
        name: string,
        pid: orNull(count),
        alive: bool,
        restarts: count,
        uptime_seconds: count,
      }),
    ),
    tcp: orNull(
      object({
        ...Object.fromEntries(tcpCounts.map((name) => [name, count])),
        per_hour: object({ opened: list(count), closed: list(count) }),
        gateways: list(named('Gateway')),
        gateways_total: count,
      }),
    ),
    ledger: orNull(
      object({
        received: count,
        stored: count,
        duplicates: count,
        rejected: count,
        pending: count,
      }),
    ),
  }),
  Health: object(
    {
      status: { enum: ['ok', 'warning', 'error'] },
      reasons: { ...list(string), description: 'Why it is not ok, in words' },
      status_since: time,
      tcp_server: object({
        started: bool,
        thread_alive: bool,
        last_activity: orNull(time),
        seconds_since_activity: orNull(number),
      }),
      database: object({ connected: bool }),
      journal: orNull(
        object({
          writable: bool,
          bytes: count,
          pending_readings: count,
          oldest_pending_seconds: number,
          disk_free_bytes: count,
          disk_total_bytes: count,
        }),
      ),
      workers: list(
        object({ name: string, status: string, restarts: count, uptime_seconds: count }),
      ),
      memory_readings_count: count,
      uptime_seconds: orNull(count),
      version: string,
      commit: { ...string, description: 'Of a version that scripts/deploy.sh has brought' },
      timestamp: time,
    },
    ['status_since', 'commit'],
  ),
};

interface Parameter {
  readonly name: string;
  readonly description: string;
  readonly schema: Schema;
  readonly required?: true;
}

const query = (
  name: string,
  schema: Schema,
  description: string,
  required?: true,
): Parameter & { readonly in: 'query' } => ({
  name,
  in: 'query',
  description,
  schema,
  ...(required && { required }),
});

const sensorId: Schema = { ...string, minLength: 1, maxLength: 100 };
const oneSensor = query('sensor_id', sensorId, 'Only this sensor');
const startDate = query('start_date', date, 'The first day, in DISPLAY_TIMEZONE');
const endDate = query('end_date', date, 'The last day, included');
const exportRange = [
  query(
    'start_date',
    date,
    'A day, or with end_date the first of several; without: the last 24 hours',
  ),
  endDate,
  query('all', { enum: ['true', 'false'] }, 'Everything'),
  oneSensor,
];
const limit = (most: number, usual: number): Parameter =>
  query(
    'limit',
    { type: 'integer', minimum: 1, maximum: most, default: usual },
    'The most there may be',
  );

const json = (schema: Schema) => ({ 'application/json': { schema } });
const refusals = {
  400: { description: 'A parameter is wrong; the error names it', content: json(named('Error')) },
  401: { description: 'Log in, or send the API_TOKEN', content: json(named('Error')) },
  403: { description: 'Only for clients on this machine', content: json(named('Error')) },
  429: { description: 'Too many requests: see Retry-After', content: json(named('Error')) },
  503: {
    description: 'The database is away, or too much is asked at once',
    content: json(named('Error')),
  },
};

/** What GET answers, beside what every path may refuse. */
function get(summary: string, parameters: readonly Parameter[], content: object): object {
  const answers = { 200: { description: summary, content }, ...refusals };
  return { get: { summary, parameters, responses: answers } };
}

const paths = {
  '/api/health': {
    get: {
      summary: 'How everything is; public',
      security: [],
      responses: {
        200: { description: 'All is well', content: json(named('Health')) },
        503: { description: 'Something is wrong: see reasons', content: json(named('Health')) },
      },
    },
  },
  '/api/about': get('Version, time zone, and whether there is a login', [], json(named('About'))),
  '/api/data': get(
    'The newest readings of a range, oldest first',
    [
      query('window', { ...number, exclusiveMinimum: 0, maximum: 527_040 }, 'The last minutes'),
      query('date', date, 'A day, in DISPLAY_TIMEZONE'),
      startDate,
      endDate,
      oneSensor,
      limit(10_000, 1_000),
    ],
    json(named('Readings')),
  ),
  '/api/dates': get(
    'The first and last day, and how many readings',
    [oneSensor],
    json(named('Dates')),
  ),
  '/api/history': get(
    'The data of a chart, in at most so many points',
    [
      query(
        'sensor_id',
        { ...list(sensorId), minItems: 1, maxItems: 10 },
        'Repeated for each',
        true,
      ),
      query('from', string, 'ISO 8601, or seconds since 1970', true),
      query('to', string, 'The end, left out', true),
      query(
        'points',
        { type: 'integer', minimum: 10, maximum: 2_000, default: 2_000 },
        'The most points of all sensors together',
      ),
    ],
    json(named('History')),
  ),
  '/api/export/csv': get(
    'Readings as CSV',
    [
      ...exportRange,
      query('bom', { enum: ['true', 'false'] }, 'Begin with a byte order mark, for spreadsheets'),
      query(
        'export_id',
        { ...string, pattern: '^[\\w-]{1,40}$' },
        'Tells of its progress on the stream',
      ),
    ],
    { 'text/csv': { schema: string } },
  ),
  '/api/export/estimate': get(
    'How large an export will be, about',
    exportRange,
    json(named('Estimate')),
  ),
  '/api/sensors': get(
    'Every sensor with its last reading',
    [
      query('sensor_id', list(sensorId), 'Only these, each as sensor_id=ID'),
      query('search', string, 'Anywhere in the id'),
      query('status', { enum: ['online', 'late', 'silent'] }, 'Only these'),
      query('after', string, 'The next of the answer before'),
      limit(10_000, 10_000),
    ],
    json(named('Sensors')),
  ),
  '/api/stats': get('Processes, connections and the ledger', [], json(named('Stats'))),
  '/api/stream': get(
    'Readings, status and exports as they come: events hello, status, readings, missed, export',
    [
      query('sensor_id', list(sensorId), 'Only these sensors; repeated for each'),
      query('export_id', string, 'Tells of this export'),
    ],
    { 'text/event-stream': { schema: string } },
  ),
  '/metrics': get('How everything is, for Prometheus', [], { 'text/plain': { schema: string } }),
  '/api/openapi.json': get('This description', [], json({ type: 'object' })),
};

export function answerOpenApi(version: string): RequestHandler {
  const description = {
    openapi: '3.1.0',
    info: { title: 'zdenergy', version },
    paths,
    components: {
      schemas,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'API_TOKEN' },
        session: { type: 'apiKey', in: 'cookie', name: 'zdenergy_session' },
      },
    },
    security: [{ token: [] }, { session: [] }],
  };
  return (_request, response) => sendJson(response, 200, description);
}
