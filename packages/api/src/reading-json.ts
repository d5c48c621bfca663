/** A reading as the data API gives it, wherever it gives one. */
import type { MeasuredReading } from '@zdenergy/storage';

type Measured = Omit<MeasuredReading, 'timeMs'>;

/** @param timeMs when it was measured, in milliseconds since 1970. */
export function describeReading(reading: Measured, timeMs: number): object {
  const { sensorId, temperature, humidity, lux, irradiance } = reading;
  return {
    sensor_id: sensorId,
    time: new Date(timeMs).toISOString(),
    temp: temperature,
    rh: humidity,
    lux,
    irradiance,
  };
}
