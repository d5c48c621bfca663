/** The names of the parts, as `--only` takes them. */

/** In the order in which they run. */
export const partNames = [
  'ingest',
  'latency',
  'start',
  'drain',
  'losses',
  'health',
  'resent',
  'neighbours',
  'readers',
  'large',
  'sweep',
] as const;
export type PartName = (typeof partNames)[number];
