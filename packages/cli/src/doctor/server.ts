/** What the zdenergy that runs says of itself over HTTP. */
import { describeError, z, type Settings } from '@zdenergy/core';

/** /api/health answers within 100 ms, whatever hangs. */
const healthTimeoutMs = 3_000;
/** These may ask the database. */
const timeoutMs = 5_000;
const everyAddress = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

const counter = z.number();
const health = z.object({
  status: z.enum(['ok', 'warning', 'error']),
  reasons: z.array(z.string()).optional(),
  // Null while the supervisor has not said anything, which is when the reasons matter most.
  tcp_server: z.object({
    last_activity: z.string().nullable(),
    seconds_since_activity: counter.nullable(),
  }),
});
const stats = z.object({
  ledger: z
    .object({
      received: counter,
      stored: counter,
      duplicates: counter,
      rejected: counter,
      pending: counter,
    })
    .nullable(),
});
const sensors = z.object({
  sensors: z.array(
    z.object({
      sensor_id: z.string(),
      received_at: z.string(),
      status: z.enum(['online', 'late', 'silent']),
      clock_hint: z.string().nullable(),
    }),
  ),
  counts: z.object({ online: counter, late: counter, silent: counter }),
});

export type ServerHealth = ReturnType<typeof health.parse>;
export type ServerLedger = NonNullable<ReturnType<typeof stats.parse>['ledger']>;
export type ServerSensors = ReturnType<typeof sensors.parse>;

/** An answer, or why there is none. */
export type Answered<Value> =
  | { readonly kind: 'answer'; readonly value: Value }
  /** Who asks is not let in. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'none'; readonly problem: string };

export const askHealth = (settings: Settings): Promise<Answered<ServerHealth>> =>
  ask(settings, '/api/health', health, healthTimeoutMs);
export const askStats = (settings: Settings): Promise<Answered<ReturnType<typeof stats.parse>>> =>
  ask(settings, '/api/stats', stats, timeoutMs);
export const askSensors = (settings: Settings): Promise<Answered<ServerSensors>> =>
  ask(settings, '/api/sensors', sensors, timeoutMs);

export function addressOf({ httpHost, httpPort }: Settings): string {
  const host = everyAddress.get(httpHost) ?? httpHost;
  return `http://${host.includes(':') ? `[${host}]` : host}:${httpPort}`;
}

async function ask<Value>(
  settings: Settings,
  path: string,
  shape: { parse(value: unknown): Value },
  limitMs: number,
): Promise<Answered<Value>> {
  const { apiToken } = settings;
  try {
    const response = await fetch(`${addressOf(settings)}${path}`, {
      headers: apiToken === undefined ? {} : { authorization: `Bearer ${apiToken}` },
      redirect: 'manual',
      signal: AbortSignal.timeout(limitMs),
    });
    // Health says what is wrong with 503.
    if (response.status !== 200 && response.status !== 503) {
      await response.body?.cancel();
      return [302, 303, 401, 403].includes(response.status)
        ? { kind: 'refused' }
        : { kind: 'none', problem: `it answers ${path} with ${response.status}` };
    }
    return { kind: 'answer', value: shape.parse(await response.json()) };
  } catch (error) {
    return { kind: 'none', problem: problemOf(error, limitMs) };
  }
}

/** fetch says what happened in the cause only. */
function problemOf(error: unknown, limitMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return `no answer within ${limitMs / 1_000} s`;
  }
  return describeError(
    error instanceof TypeError && error.cause !== undefined ? error.cause : error,
  );
}
