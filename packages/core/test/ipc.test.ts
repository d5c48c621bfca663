/** Messages between a supervisor and workers of neighbouring versions. */
import { parseFromWorker, parseToWorker } from '../src/ipc.js';

const pulse = { loopDelayMs: 1, residentBytes: 2, cpuMs: 3 };
const state = { supervisorPid: 7, uptimeMs: 1_000, supervisor: pulse, workers: [] };
const heartbeat = { type: 'heartbeat', process: pulse, ingest: null };

it('drops what it does not know, wherever that stands', () => {
  expect(parseFromWorker({ ...heartbeat, mood: 'good' })).toEqual(heartbeat);
  expect(parseToWorker({ type: 'cluster', state: { ...state, mood: 'good' } })).toEqual({
    type: 'cluster',
    state,
  });
});

it.each([
  ['a field that is missing', { ...heartbeat, ingest: undefined }, /^ingest: /],
  [
    'one that is missing deep inside',
    { ...heartbeat, ingest: { kind: 'ingest' } },
    /^ingest\.idleMs: /,
  ],
  ['a field of another type', { type: 'problem', problem: 7 }, /^problem: /],
  ['a message that is not known', { type: 'babble' }, /^type: /],
  ['what is no message at all', 'ready', /^: /],
])('refuses %s, and names it', (_what, message, problem) => {
  expect(() => parseFromWorker(message)).toThrow(problem);
});

it('refuses a state without what it needs, and names that', () => {
  const incomplete = { ...state, uptimeMs: undefined };
  expect(() => parseToWorker({ type: 'cluster', state: incomplete })).toThrow(/^state\.uptimeMs: /);
});
