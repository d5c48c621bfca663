import { setTimeout as sleep } from 'node:timers/promises';
import { Pacing, type PacedSender } from '../src/pacing.js';

const chunkBytes = 64 * 1024;
const readingBytes = 150;

class Sender implements PacedSender {
  isPaused = false;

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }
}

let isTooMuch = false;
let pacing: Pacing<Sender>;
let fast: Sender;
let quiet: Sender;

beforeEach(() => {
  isTooMuch = false;
  pacing = new Pacing(() => isTooMuch);
  fast = new Sender();
  quiet = new Sender();
});

afterEach(() => pacing.stop());

function took(sender: Sender, bytes: number): void {
  pacing.took(sender, bytes, performance.now());
}

it('holds nobody up while there is room', () => {
  took(fast, chunkBytes);
  expect(fast.isPaused).toBe(false);
});

it('holds up who sends more than its share while too much waits, and nobody else', () => {
  isTooMuch = true;
  took(fast, chunkBytes);
  took(quiet, readingBytes);
  expect([fast.isPaused, quiet.isPaused]).toEqual([true, false]);
  expect([pacing.isWaiting(fast), pacing.isWaiting(quiet)]).toEqual([true, false]);
});

it('adds up small chunks that come close together', () => {
  isTooMuch = true;
  for (let sent = 0; sent < chunkBytes; sent += 1_024) took(fast, 1_024);
  expect(fast.isPaused).toBe(true);
});

it('does not add up what comes over a longer time', () => {
  isTooMuch = true;
  for (let atMs = 0; atMs < 10_000; atMs += 1_000) pacing.took(quiet, 30 * 1_024, atMs);
  expect(quiet.isPaused).toBe(false);
});

it('lets it go on once there is room, when it is told to look', () => {
  isTooMuch = true;
  took(fast, chunkBytes);
  pacing.review();
  expect(fast.isPaused).toBe(true);
  isTooMuch = false;
  pacing.review();
  expect(fast.isPaused).toBe(false);
  expect(pacing.isWaiting(fast)).toBe(false);
});

it('looks by itself while somebody waits', async () => {
  isTooMuch = true;
  took(fast, chunkBytes);
  isTooMuch = false;
  await sleep(100);
  expect(fast.isPaused).toBe(false);
});

it('lets it send a chunk a second, however much waits', async () => {
  isTooMuch = true;
  took(fast, chunkBytes);
  await sleep(700);
  expect(fast.isPaused).toBe(true);
  await sleep(600);
  expect(fast.isPaused).toBe(false);
  took(fast, chunkBytes);
  expect(fast.isPaused).toBe(true);
});

it('leaves alone who has gone, and whom somebody else has told what to do', async () => {
  const gone = new Sender();
  isTooMuch = true;
  took(gone, chunkBytes);
  pacing.forget(gone);
  took(fast, chunkBytes);
  pacing.clear();
  isTooMuch = false;
  await sleep(100);
  expect([gone.isPaused, fast.isPaused]).toEqual([true, true]);
});

it('holds nobody up once it was stopped', () => {
  isTooMuch = true;
  took(fast, chunkBytes);
  pacing.stop();
  expect(fast.isPaused).toBe(false);
  took(fast, chunkBytes);
  expect(fast.isPaused).toBe(false);
});
