/** Messages between a supervisor and workers of neighbouring versions. */
import { parseFromWorker, parseToWorker } from '../src/ipc.js';

const state = { supervisorPid: 7, uptimeMs: 1_000, workers: [] };

it('drops what it does not know, wherever that stands', () => {
  expect(parseFromWorker({ type: 'heartbeat', ingest: null, mood: 'good' })).toEqual({
    type: 'heartbeat',
    ingest: null,
  });
  expect(parseToWorker({ type: 'cluster', state: { ...state, mood: 'good' } })).toEqual({
    type: 'cluster',
    state,
  });
});

it.each([
  ['a field that is missing', { type: 'heartbeat' }, /^ingest: /],
  [
    'one that is missing deep inside',
    { type: 'heartbeat', ingest: { kind: 'ingest' } },
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
