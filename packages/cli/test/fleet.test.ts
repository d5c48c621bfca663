/** Short runs of real fleets against real TCP servers. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Faults } from '../src/simulate/faults.js';
import { Fleet, type FleetOptions } from '../src/simulate/fleet.js';
import { isComplete } from '../src/simulate/progress.js';
import { multiBytePlace, readingText, sensorId } from '../src/simulate/reading.js';

const noFaults: Faults = { split: 0, garbage: 0, disconnect: 0, duplicate: 0 };
const servers: Server[] = [];
const sockets = new Set<Socket>();

/** A server that keeps the bytes of each connection, and does what it is told with what comes. */
async function listen(
  serve: (socket: Socket, bytes: Buffer) => void = () => undefined,
  port = 0,
): Promise<{ port: number; connections: Buffer[][]; server: Server }> {
  const connections: Buffer[][] = [];
  const server = createServer((socket) => {
    const packets: Buffer[] = [];
    connections.push(packets);
    sockets.add(socket);
    socket.on('data', (bytes) => {
      packets.push(bytes);
      serve(socket, bytes);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  servers.push(server);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, connections, server };
}

function createFleet(options: Partial<FleetOptions>): Fleet {
  return new Fleet({
    host: '127.0.0.1',
    port: 0,
    gateways: 5,
    sensorsPerGateway: 1,
    intervalMs: 100,
    durationMs: 600,
    ack: false,
    connect: 'keep',
    tls: undefined,
    faults: noFaults,
    seed: 1,
    ...options,
  });
}

/** Runs a fleet for its duration, and gives what is then on its way some time to end. */
async function run(options: Partial<FleetOptions>, graceMs = 5_000): Promise<Fleet> {
  const fleet = createFleet(options);
  await fleet.start();
  await fleet.over;
  await fleet.finish(graceMs);
  return fleet;
}

interface Sent {
  id: string;
  time: string;
  temp: number;
  rh: number;
  lux: number;
  seq?: number;
  place?: string;
}

/** The lines of a connection that are objects; what else came is in `others`. */
function objectsOf(packets: readonly Buffer[]): { objects: Sent[]; others: string[] } {
  const objects: Sent[] = [];
  const others: string[] = [];
  for (const line of Buffer.concat(packets)
    .toString()
    .replaceAll(/[\0\ufeff]/g, '')
    .split('\n')) {
    try {
      objects.push(JSON.parse(line) as Sent);
    } catch {
      if (line !== '') others.push(line);
    }
  }
  return { objects, others };
}

/** Answers each whole line as the server under test would. */
function answering(answer: (seq: number) => string): (socket: Socket, bytes: Buffer) => void {
  const partial = new Map<Socket, Buffer>();
  return (socket, bytes) => {
    const all = Buffer.concat([partial.get(socket) ?? Buffer.alloc(0), bytes]);
    const end = all.lastIndexOf(0x0a) + 1;
    partial.set(socket, all.subarray(end));
    for (const { seq } of objectsOf([all.subarray(0, end)]).objects) {
      if (seq !== undefined) socket.write(`${answer(seq)}\n`);
    }
  };
}

const keyOf = ({ id, time }: Sent): string => `${id} ${time}`;

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) {
    server.close();
    if (server.listening) await once(server, 'close');
  }
});

describe('a fleet', () => {
  it('sends every reading once, each gateway on one connection, spread over the interval', async () => {
    const arrivalsMs: number[] = [];
    const { port, connections } = await listen(() => arrivalsMs.push(performance.now()));
    const fleet = await run({ port, gateways: 4, intervalMs: 400, durationMs: 1_200 });

    expect(connections).toHaveLength(4);
    for (const [gateway, packets] of connections.entries()) {
      const { objects, others } = objectsOf(packets);
      expect(others).toEqual([]);
      expect(objects).toHaveLength(3);
      for (const object of objects) {
        expect(object.id).toBe(sensorId(1, gateway));
        const timeMs = Date.parse(`${object.time.replace(' ', 'T')}Z`);
        const wording = { seed: 1, withSeq: false, withPlace: false, withMilliseconds: true };
        expect(object).toEqual(
          JSON.parse(readingText({ sensor: gateway, timeMs, seq: 1 }, wording)),
        );
      }
    }
    expect(arrivalsMs).toHaveLength(12);
    expect(fleet.counts).toMatchObject({ measured: 12, sent: 12, failed: 0, opened: 4 });
    expect(isComplete(fleet.counts, false)).toBe(true);
    // The second round, all connections being open: a quarter of the interval between gateways.
    const [first = 0, second = 0, third = 0] = arrivalsMs.slice(4);
    expect(second - first).toBeGreaterThan(40);
    expect(third - second).toBeGreaterThan(40);
  });

  it('opens a connection for each reading when told to', async () => {
    const { port, connections } = await listen();
    const fleet = await run({ port, connect: 'each', sensorsPerGateway: 2 });
    expect(fleet.counts).toMatchObject({ measured: 60, sent: 60, opened: 60, dropped: 0 });
    expect(connections.map((packets) => objectsOf(packets).objects.length)).toEqual(
      Array.from({ length: 60 }, () => 1),
    );
  });

  it('splits packets at any byte without losing one', async () => {
    const { port, connections } = await listen();
    const fleet = await run({ port, faults: { ...noFaults, split: 1 }, intervalMs: 300 });
    const objects = connections.flatMap((packets) => objectsOf(packets).objects);
    expect(connections.flatMap((packets) => objectsOf(packets).others)).toEqual([]);
    expect(objects).toHaveLength(fleet.counts.sent);
    expect(new Set(objects.map(keyOf)).size).toBe(fleet.counts.measured);
    expect(objects.every(({ place }) => place === multiBytePlace)).toBe(true);
    // The packets arrived apart, not merged again.
    expect(connections.flat().length).toBeGreaterThan(1.5 * objects.length);
  });

  it('mixes in garbage and duplicates beside the objects, and leaves those whole', async () => {
    const { port, connections } = await listen();
    const faults = { split: 0.3, garbage: 1, disconnect: 0, duplicate: 1 };
    const fleet = await run({ port, faults });
    const objects = connections.flatMap((packets) => objectsOf(packets).objects);
    expect(objects).toHaveLength(2 * fleet.counts.measured);
    expect(new Set(objects.map(keyOf)).size).toBe(fleet.counts.measured);
    expect(connections.flatMap((packets) => objectsOf(packets).others).length).toBeGreaterThan(0);
  });

  it('sends nothing but beginnings of objects when every sending is cut', async () => {
    const { port, connections } = await listen();
    const faults = { ...noFaults, disconnect: 1 };
    const fleet = await run({ port, faults, durationMs: 300 }, 1_500);
    expect(connections.length).toBeGreaterThanOrEqual(5);
    for (const packets of connections) {
      expect(objectsOf(packets).objects).toEqual([]);
      const bytes = Buffer.concat(packets).toString();
      expect('{"id":"'.startsWith(bytes.slice(0, 7))).toBe(true);
    }
    expect(fleet.counts).toMatchObject({ sent: 0, failed: fleet.counts.measured });
    expect(fleet.counts.cuts).toBe(fleet.counts.opened);
    expect(isComplete(fleet.counts, false)).toBe(false);
  });

  it('sends again what a reset cut off, until every reading is answered', async () => {
    const { port, connections } = await listen(answering((seq) => `{"ack":${seq}}`));
    const faults = { split: 0.2, garbage: 0.2, disconnect: 0.1, duplicate: 0.2 };
    const fleet = await run({ port, ack: true, faults, gateways: 10, intervalMs: 200 }, 15_000);
    expect(fleet.counts.cuts).toBeGreaterThan(0);
    expect(fleet.counts).toMatchObject({ measured: 30, sent: 30, acked: 30, failed: 0 });
    const objects = connections.flatMap((packets) => objectsOf(packets).objects);
    expect(new Set(objects.map(keyOf)).size).toBe(30);
    expect(isComplete(fleet.counts, true)).toBe(true);
  });

  it('takes an answer that comes before the line end or the second copy was sent', async () => {
    let rest = '';
    const { port } = await listen((socket, bytes) => {
      rest += bytes.toString();
      for (const [object, seq] of rest.matchAll(/\{[^{}]*"seq":(\d+)[^{}]*\}/g)) {
        socket.write(`{"ack":${seq}}\n`);
        rest = rest.slice(rest.indexOf(object) + object.length);
      }
    });
    const faults = { ...noFaults, split: 1, duplicate: 0.5 };
    const shared = { port, ack: true, faults, gateways: 1, intervalMs: 40, durationMs: 2_000 };
    const fleet = await run({ ...shared, connect: 'each' });
    expect(fleet.counts).toMatchObject({ measured: 50, sent: 50, acked: 50, strangeAnswers: 0 });
    expect(fleet.counts.dropped).toBe(0);
  });

  it('counts nacks with their reason, and measures how long answers take', async () => {
    const delayed = answering((seq) =>
      seq % 2 === 0 ? `{"ack":${seq}}` : `{"nack":${seq},"reason":"too hot"}`,
    );
    const { port } = await listen((socket, bytes) => setTimeout(() => delayed(socket, bytes), 50));
    const fleet = await run({ port, ack: true });
    expect(fleet.counts).toMatchObject({ acked: 15, nacked: 15, lastNackReason: 'too hot' });
    expect(fleet.counts.latencies.quantile(0)).toBeGreaterThan(45);
    expect(isComplete(fleet.counts, true)).toBe(true);
  });

  it('notices answers to what it never sent', async () => {
    const { port } = await listen(answering((seq) => `{"ack":${seq + 1_000}}\nhello`));
    const fleet = await run({ port, gateways: 1, durationMs: 100, ack: true }, 300);
    expect(fleet.counts).toMatchObject({ acked: 0, strangeAnswers: 2, lastStrangeAnswer: 'hello' });
    expect(isComplete(fleet.counts, true)).toBe(false);
  });

  it('keeps trying a server that refuses, and loses nothing when it comes back', async () => {
    const { port, server } = await listen();
    server.close();
    await once(server, 'close');
    const back = new Promise<Buffer[][]>((resolve) => {
      setTimeout(
        () => void listen(undefined, port).then((later) => resolve(later.connections)),
        600,
      );
    });
    const fleet = await run({ port, durationMs: 500 });
    const connections = await back;
    expect(fleet.counts.refused).toBeGreaterThanOrEqual(5);
    expect(fleet.counts.lastTrouble).toBe(`nothing listens on 127.0.0.1:${port}`);
    expect(fleet.counts).toMatchObject({ measured: 25, sent: 25, failed: 0 });
    const objects = connections.flatMap((packets) => objectsOf(packets).objects);
    expect(new Set(objects.map(keyOf)).size).toBe(25);
  });

  it('waits for a server that does not read, in bounded memory', async () => {
    const deaf = createServer({ pauseOnConnect: true }, (socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
    });
    servers.push(deaf);
    deaf.listen(0, '127.0.0.1');
    await once(deaf, 'listening');
    const fleet = createFleet({
      port: (deaf.address() as AddressInfo).port,
      gateways: 1,
      sensorsPerGateway: 500,
      intervalMs: 50,
      durationMs: undefined,
      // Twice the bytes fill the network's own buffers in half the time.
      faults: { ...noFaults, duplicate: 1 },
    });
    await fleet.start();
    const deadlineMs = performance.now() + 45_000;
    while (fleet.counts.failed === 0 && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const snapshot = fleet.snapshot();
    await fleet.finish(0);
    expect(fleet.counts.stalls).toBe(1);
    // Thirty rounds of 500 sensors is what the gateway has room for.
    expect(snapshot).toMatchObject({ connected: 1, waiting: 15_000 });
    expect(fleet.counts.failed).toBeGreaterThan(0);
    expect(fleet.counts.sent + fleet.counts.failed).toBe(fleet.counts.measured);
  }, 60_000);

  it('does not start towards a host that nobody knows', async () => {
    await expect(run({ host: 'no-such-host.invalid' })).rejects.toThrow(/no-such-host/);
  });
});
