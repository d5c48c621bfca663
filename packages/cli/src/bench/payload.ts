/**
 * The readings of a run: what the gateways send, and the same rows as COPY takes them.
 *
 * What always holds: a plan says all, so that two processes make the same readings from it without
 * sending them to each other; every reading has its own sensor and time. Readings are numbered by
 * time first: number n is of sensor n % sensors, in step n / sensors.
 */
import { copyTextColumns } from '@zdenergy/storage';

/** Readings without an end. */
export interface Series {
  readonly sensors: number;
  /** What every sensor id starts with. */
  readonly prefix: string;
  /** The time of the first step, as the gateways' clocks show it; a whole second. */
  readonly firstTimeMs: number;
  /** From one step to the next; whole seconds. */
  readonly stepMs: number;
}

export interface Plan extends Series {
  readonly readings: number;
}

/** As large as what a socket takes at once. */
const chunkLength = 64 * 1024;
/** As a default installation derives W/m² from lux. */
const luxPerWm2 = 127;

export const sensorName = (plan: Series, number: number): string =>
  plan.prefix + String(number % plan.sensors).padStart(5, '0');

export const timeMs = (plan: Series, number: number): number =>
  plan.firstTimeMs + Math.floor(number / plan.sensors) * plan.stepMs;

/** The end of the plan's time, which no reading reaches. */
export const endTimeMs = (plan: Plan): number => timeMs(plan, plan.readings + plan.sensors - 1);

/** `YYYY-MM-DD HH:MM:SS`, as a gateway without an offset sends it. */
export const clockText = (ms: number): string =>
  new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

/** Measurements in hundredths: spread over what sensors report, and the same at each run. */
function measurements(number: number): [temperature: number, humidity: number, lux: number] {
  // Knuth's multiplicative hash: neighbours get values far apart.
  const hash = Math.imul(number + 1, 2_654_435_761) >>> 0;
  return [500 + (hash % 4_000), 2_000 + ((hash >>> 8) % 7_900), (hash >>> 4) % 10_000_000];
}

const decimal = (hundredths: number): string => (hundredths / 100).toFixed(2);

/** A reading as a gateway sends it: one line of JSON. */
export function jsonLine(plan: Series, number: number, time: string): string {
  const [temperature, humidity, lux] = measurements(number);
  return (
    `{"id":"${sensorName(plan, number)}","time":"${time}","temp":${decimal(temperature)},` +
    `"rh":${decimal(humidity)},"lux":${decimal(lux)}}\n`
  );
}

/** A reading as a line of COPY's text format, with the columns of `copyTextColumns`. */
function copyLine(plan: Plan, number: number, time: string, receivedAt: string): string {
  const [temperature, humidity, lux] = measurements(number);
  const columns: Readonly<Record<string, string>> = {
    sensor_id: sensorName(plan, number),
    time,
    temperature: decimal(temperature),
    humidity: decimal(humidity),
    lux: decimal(lux),
    irradiance: String(lux / 100 / luxPerWm2),
    extra: '\\N',
    received_at: receivedAt,
  };
  return `${copyTextColumns.map((name) => columns[name] ?? '\\N').join('\t')}\n`;
}

/** A reading is sent again so many steps of time after it was sent first. */
const resentAfterSteps = 20;

/** How many lines repeat an earlier reading, when that is the given part of all lines. */
export const resentCount = (readings: number, resentShare: number): number =>
  Math.floor((readings * resentShare) / (1 - resentShare));

/**
 * All that each of the connections sends; each sensor belongs to one connection.
 * @param resentShare of all lines, the part that repeats a reading sent before
 */
export function jsonChunks(plan: Plan, connections: number, resentShare = 0): Buffer[][] {
  const chunks = Array.from({ length: connections }, () => new Chunks());
  let [time, earlier, earlierTime] = ['', 0, ''];
  for (let number = 0; number < plan.readings; number += 1) {
    if (number % plan.sensors === 0) {
      time = clockText(timeMs(plan, number));
      earlier = Math.min(resentAfterSteps * plan.sensors, number);
      earlierTime = clockText(timeMs(plan, number - earlier));
    }
    const own = chunks[(number % plan.sensors) % connections];
    own.add(jsonLine(plan, number, time));
    const again = resentCount(number + 1, resentShare) - resentCount(number, resentShare);
    if (again > 0) own.add(jsonLine(plan, number - earlier, earlierTime).repeat(again));
  }
  return chunks.map((made) => made.all());
}

/** All readings as COPY's text format. */
export function copyChunks(plan: Plan, receivedAtMs: number): Buffer[] {
  const receivedAt = `${clockText(receivedAtMs)}+00`;
  const chunks = new Chunks();
  let time = '';
  for (let number = 0; number < plan.readings; number += 1) {
    if (number % plan.sensors === 0) time = `${clockText(timeMs(plan, number))}+00`;
    chunks.add(copyLine(plan, number, time, receivedAt));
  }
  return chunks.all();
}

/** Lines of ASCII, gathered into pieces of a good size. */
class Chunks {
  readonly #made: Buffer[] = [];
  #text = '';

  add(line: string): void {
    this.#text += line;
    if (this.#text.length >= chunkLength) this.#end();
  }

  all(): Buffer[] {
    if (this.#text !== '') this.#end();
    return this.#made;
  }

  #end(): void {
    this.#made.push(Buffer.from(this.#text, 'latin1'));
    this.#text = '';
  }
}

/** What one of the connections sends, as long as somebody takes it: of one step only the times change. */
export class EndlessReadings {
  readonly #series: Series;
  readonly #step: Buffer;
  readonly #timesAt: readonly number[];
  readonly #stepsAtOnce: number;
  #steps = 0;

  constructor(series: Series, connection: number, connections: number) {
    const timesAt: number[] = [];
    let text = '';
    for (let sensor = connection; sensor < series.sensors; sensor += connections) {
      const line = jsonLine(series, sensor, clockText(series.firstTimeMs));
      timesAt.push(text.length + line.indexOf('"time":"') + '"time":"'.length);
      text += line;
    }
    this.#series = series;
    this.#step = Buffer.from(text, 'latin1');
    this.#timesAt = timesAt;
    this.#stepsAtOnce = Math.max(1, Math.floor(chunkLength / text.length));
  }

  /** How many readings were made. */
  get made(): number {
    return this.#steps * this.#timesAt.length;
  }

  /** The next of them. */
  chunk(): Buffer {
    const size = this.#step.length;
    const chunk = Buffer.allocUnsafe(size * this.#stepsAtOnce);
    for (let at = 0; at < chunk.length; at += size) {
      const time = clockText(timeMs(this.#series, this.#steps * this.#series.sensors));
      this.#step.copy(chunk, at);
      for (const timeAt of this.#timesAt) chunk.write(time, at + timeAt, 'latin1');
      this.#steps += 1;
    }
    return chunk;
  }
}

/** The number of the last reading that a connection sends. */
export function lastOfConnection(plan: Plan, connection: number, connections: number): number {
  let number = plan.readings - 1;
  while ((number % plan.sensors) % connections !== connection) number -= 1;
  return number;
}
