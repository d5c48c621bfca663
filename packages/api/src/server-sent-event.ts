/** The format of server-sent events (HTML Standard, "Server-sent events"). */

export type EventName = 'hello' | 'status' | 'readings' | 'missed' | 'export';

/** `json` is one line, as JSON.stringify writes it. */
export const serverSentEvent = (name: EventName, json: string): Buffer =>
  Buffer.from(`event: ${name}\ndata: ${json}\n\n`);

/** Tells the browser how long to wait before it connects again. */
export const retryAfter = (ms: number): Buffer => Buffer.from(`retry: ${ms}\n\n`);

/** Means nothing; shows that the connection is alive. */
export const heartbeat = Buffer.from(':\n\n');
