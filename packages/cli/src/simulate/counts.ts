/** What a fleet has done so far. Counts only grow; each reading ends in `sent` or in `failed`. */
import { Latencies } from './latency.js';

export class Counts {
  /** Readings that came due. */
  measured = 0;
  /** Readings handed to the network whole; one sent again counts once. */
  sent = 0;
  /** Readings given up unsent: the gateway's memory was full, or the run ended. */
  failed = 0;
  /** Sendings of a reading that an earlier connection had lost. */
  resent = 0;
  /** Readings not measured because this process could not keep up or was paused. */
  skipped = 0;
  acked = 0;
  nacked = 0;
  /** Lines from the server that are no answer to anything sent. */
  strangeAnswers = 0;
  lastNackReason = '';
  lastStrangeAnswer = '';

  /** Connections made. */
  opened = 0;
  /** Attempts to connect that failed. */
  refused = 0;
  /** Connections that ended without the gateway wanting it. */
  dropped = 0;
  /** Why the last connection was refused or dropped, in plain words. */
  lastTrouble = '';
  /** Times a gateway had to wait because the server did not read. */
  stalls = 0;

  /** Faults made on purpose. */
  splits = 0;
  garbage = 0;
  cuts = 0;
  duplicates = 0;

  readonly latencies = new Latencies();
}

/** How the fleet stands at one moment. */
export interface Snapshot {
  readonly gateways: number;
  /** Gateways with a connection. */
  readonly connected: number;
  /** Readings due that wait for a connection, or for the server to read. */
  readonly waiting: number;
  /** Readings sent whose answer is still to come. */
  readonly unanswered: number;
}
