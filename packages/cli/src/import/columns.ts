/**
 * Which column of a source is which field of a reading: by known names, or as the user says.
 *
 * Plain functions over values. What always holds: a column serves one field; what is given by name
 * and is not there is an error, never a guess.
 */

/** The fields of a reading, in the order in which a source gives them. */
export const fields = ['sensor', 'time', 'temperature', 'humidity', 'lux', 'irradiance'] as const;
export type Field = (typeof fields)[number];

/** `id` is the key of a table, by which reading goes on. */
export type Mapped = Field | 'id';
/** The name of a source's column for each; undefined: it has none. */
export type Columns = Readonly<Record<Mapped, string | undefined>>;

/** Known names, in small letters, the best one first. */
const knownNames: Readonly<Record<Mapped, readonly string[]>> = {
  id: ['id', 'reading_id', 'rowid', 'row_id', 'pk'],
  sensor: [
    ...['sensor_id', 'sensor', 'sensorid', 'device_id', 'device', 'deviceid', 'dev_id', 'deveui'],
    ...['dev_eui', 'node_id', 'node', 'gateway_id'],
  ],
  time: [
    ...['timestamp', 'time', 'ts', 'datetime', 'date_time', 'measured_at', 'recorded_at'],
    ...['reading_time', 'created_at'],
  ],
  temperature: ['temperature', 'temp', 'temperature_c', 'temp_c', 'air_temperature', 't'],
  humidity: ['humidity', 'rh', 'hum', 'relative_humidity', 'humidity_percent'],
  lux: ['lux', 'light', 'illuminance', 'light_lux', 'lx'],
  irradiance: ['irradiance', 'irradiance_wm2', 'irradiance_w_m2', 'solar_irradiance', 'wm2'],
};

export const isMapped = (name: string): name is Mapped => Object.hasOwn(knownNames, name);

/** In small letters and without a unit in parentheses: `Temperature (°C)` is `temperature`. */
const plainName = (name: string): string =>
  name
    .replace(/\([^)]*\)?\s*$/, '')
    .trim()
    .toLowerCase();

/**
 * Finds the columns.
 * @param given what the user says, by field.
 * @throws {Error} naming what was given and is not there.
 */
export function mapColumns(
  names: readonly string[],
  given: ReadonlyMap<Mapped, string>,
): { readonly columns: Columns; readonly unused: readonly string[] } {
  const used = new Set<string>();
  const found = new Map<Mapped, string>();
  for (const [field, wanted] of given) {
    const name =
      names.find((column) => column === wanted) ??
      names.find((column) => column.toLowerCase() === wanted.toLowerCase());
    if (name === undefined) {
      throw new Error(
        `--column ${field}=${wanted}: there is no such column among ${listed(names)}`,
      );
    }
    found.set(field, name);
    used.add(name);
  }
  for (const [field, known] of Object.entries(knownNames) as [Mapped, readonly string[]][]) {
    if (found.has(field)) continue;
    const name = known
      .map((wanted) => names.find((column) => !used.has(column) && plainName(column) === wanted))
      .find((column) => column !== undefined);
    if (name === undefined) continue;
    found.set(field, name);
    used.add(name);
  }
  const columns = Object.fromEntries(
    [...fields, 'id' as const].map((field) => [field, found.get(field)]),
  ) as Columns;
  return { columns, unused: names.filter((name) => !used.has(name)) };
}

/** What is missing for an import, as a sentence; undefined: nothing. */
export function missingColumns(
  columns: Columns,
  names: readonly string[],
  hasFixedSensor: boolean,
): string | undefined {
  const needed: Field[] = hasFixedSensor ? ['time'] : ['sensor', 'time'];
  const missing: string[] = needed.filter((field) => columns[field] === undefined);
  const measured = (['temperature', 'humidity', 'lux', 'irradiance'] as const).some(
    (field) => columns[field] !== undefined,
  );
  if (!measured) missing.push('temperature, humidity, lux or irradiance');
  if (missing.length === 0) return undefined;
  return (
    `no column is known as ${missing.join(', nor as ')}; there are ${listed(names)}. ` +
    'Say which is which: --column time=NAME,temperature=NAME' +
    (missing.includes('sensor') ? ', or name the only sensor: --sensor ID.' : '.')
  );
}

const listed = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');
