/**
 * The readings of a run: what the gateways send, and the same rows as COPY takes them.
 *
 * What always holds: a plan says all, so that two processes make the same readings from it without
 * sending them to each other; every reading has its own sensor and time. Readings are numbered by
 * time first: number n is of sensor n % sensors, in step n / sensors.
 */
import { copyTextColumns } from '@zdenergy/storage';

export interface Plan {
  readonly readings: number;
  readonly sensors: number;
  /** What every sensor id starts with. */
  readonly prefix: string;
  /** The time of the first step, as the gateways' clocks show it; a whole second. */
  readonly firstTimeMs: number;
  /** From one step to the next; whole seconds. */
  readonly stepMs: number;
}

/** As large as what a socket takes at once. */
const chunkLength = 64 * 1024;
/** As a default installation derives W/m² from lux. */
const luxPerWm2 = 127;

export const sensorName = (plan: Plan, number: number): string =>
  plan.prefix + String(number % plan.sensors).padStart(5, '0');

export const timeMs = (plan: Plan, number: number): number =>
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
export function jsonLine(plan: Plan, number: number, time: string): string {
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

/** All that one of the connections sends; each sensor belongs to one connection. */
export function jsonChunks(plan: Plan, connection: number, connections: number): Buffer[] {
  return chunks(plan, (number, time) =>
    (number % plan.sensors) % connections === connection ? jsonLine(plan, number, time) : '',
  );
}

/** All readings as COPY's text format. */
export function copyChunks(plan: Plan, receivedAtMs: number): Buffer[] {
  const receivedAt = `${clockText(receivedAtMs)}+00`;
  return chunks(plan, (number, time) => copyLine(plan, number, `${time}+00`, receivedAt));
}

function chunks(plan: Plan, line: (number: number, time: string) => string): Buffer[] {
  const made: Buffer[] = [];
  let text = '';
  let time = '';
  for (let number = 0; number < plan.readings; number += 1) {
    if (number % plan.sensors === 0) time = clockText(timeMs(plan, number));
    text += line(number, time);
    if (text.length >= chunkLength) {
      made.push(Buffer.from(text, 'latin1'));
      text = '';
    }
  }
  if (text !== '') made.push(Buffer.from(text, 'latin1'));
  return made;
}

/** The number of the last reading that a connection sends. */
export function lastOfConnection(plan: Plan, connection: number, connections: number): number {
  let number = plan.readings - 1;
  while ((number % plan.sensors) % connections !== connection) number -= 1;
  return number;
}
