/** The log: what people grep for, one line an event, and never a line for each reading or in a storm. */
import { Releases } from '@zdenergy/core';
import { Gateway, sendOnePerConnection } from '../src/gateway.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const markers = '🚀|✅|🔌|📴|⚠️|❌|💥|🔄';

const releases = new Releases();
afterAll(() => releases.release());

describe('for people', () => {
  let zdenergy: Zdenergy;

  beforeAll(async () => {
    zdenergy = await Zdenergy.start(releases, { TCP_IDLE_TIMEOUT: '2s' });
    await zdenergy.whenHealth('ok');
  });

  const log = (): string => zdenergy.program.output;
  const linesWith = (text: string): number => log().split(text).length - 1;

  it('marks what happens, each in the words that stay', async () => {
    const { ports } = zdenergy;
    expect(log()).toMatch(/^\S+ \[supervisor\] 🚀 starting/m);
    expect(log()).toMatch(
      new RegExp(`^\\S+ \\[ingest-1\\] ✅ TCP Server listening on port ${ports.tcp}$`, 'm'),
    );
    const gateway = await Gateway.connect(ports.tcp, releases);
    await gateway.end('{"id":"a","temp":1}{"id":"a","temp":"none"}');
    await eventually(() => {
      expect(log()).toMatch(
        new RegExp(`^\\S+ \\[ingest-1\\] 🔌 Gateway connected from ${gateway.address}$`, 'm'),
      );
      expect(log()).toMatch(new RegExp(`\\] 📴 Gateway disconnected: ${gateway.address}`));
      expect(log()).toMatch(
        new RegExp(`\\] ⚠️ A reading from ${gateway.address} was rejected: temp is not a number`),
      );
    });
    const silent = await Gateway.connect(ports.tcp, releases);
    await silent.closed;
    await eventually(() => expect(log()).toContain(`⚠️ Socket timeout: ${silent.address}`));

    process.kill(await zdenergy.pidOf('ingest-1'), 'SIGKILL');
    await eventually(() => {
      expect(log()).toMatch(/\[supervisor\] 🔄 restarting ingest-1 .*SIGKILL/);
      expect(linesWith('✅ TCP Server listening')).toBe(2);
    });
  });

  it('has no line for a reading', async () => {
    await zdenergy.whenHealth('ok');
    const linesBefore = zdenergy.program.lines.length;
    const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
    const readings = Array.from(
      { length: 1_000 },
      (_, n) => `{"id":"many","time":${1_700_000_000 + n},"temp":1}`,
    );
    await gateway.end(readings.join('\n'));
    const database = await zdenergy.database();
    await eventually(async () => expect(await database.count('readings', 'many')).toBe(1_000));
    // Connected and disconnected, and whatever else an operator has to know.
    expect(zdenergy.program.lines.length - linesBefore).toBeLessThan(10);
  });

  it('sums up a storm of connections and of rejects', async () => {
    const connectedBefore = linesWith('🔌 Gateway connected from');
    const rejectedBefore = linesWith('was rejected');
    await sendOnePerConnection(zdenergy.ports.tcp, Array<string>(500).fill('{"temp":"bad"}'), 20);
    const summedUp = (event: string): number => {
      const sums = log().matchAll(
        new RegExp(`(\\d+) more like this in the last 10 s: ${event}`, 'g'),
      );
      return [...sums].reduce((sum, [, count]) => sum + Number(count), 0);
    };
    await eventually(() => {
      const told = linesWith('🔌 Gateway connected from') - connectedBefore;
      expect(told).toBeLessThan(20);
      expect(told + summedUp('gateways connected')).toBe(500);
      expect(linesWith('was rejected') - rejectedBefore + summedUp('readings rejected')).toBe(500);
    });
  });

  it('begins every line with a time, a process and a marker or a word', async () => {
    await zdenergy.stop();
    await zdenergy.program.finished;
    const line = new RegExp(
      `^(\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z \\[(supervisor|ingest-1|api)\\] ((${markers}) )?[\\w(]|  \\S)`,
    );
    for (const text of zdenergy.program.lines) expect(text).toMatch(line);
  });
});

describe('for machines', () => {
  it('is a JSON object on every line', async () => {
    const zdenergy = await Zdenergy.start(releases, { LOG_FORMAT: 'json', LOG_LEVEL: 'debug' });
    const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
    await gateway.end('{"id":"a","temp":1}');
    process.kill(await eventually(() => zdenergy.pidOf('api')), 'SIGKILL');
    await eventually(() => expect(zdenergy.program.output).toContain('🔄 restarting api'));
    await zdenergy.stop();
    await zdenergy.program.finished;

    const events = zdenergy.program.lines.map((line): unknown => JSON.parse(line));
    expect(events.length).toBeGreaterThan(5);
    for (const event of events) {
      expect(event).toEqual({
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
        level: expect.stringMatching(/^(error|warn|info|debug)$/) as string,
        process: expect.stringMatching(/^(supervisor|ingest-1|api)$/) as string,
        message: expect.stringMatching(/\S/) as string,
      });
    }
    expect(events).toContainEqual(
      expect.objectContaining({
        level: 'info',
        process: 'ingest-1',
        message: `🔌 Gateway connected from ${gateway.address}`,
      }),
    );
  });

  it('is quiet at LOG_LEVEL=error while nothing is wrong', async () => {
    const zdenergy = await Zdenergy.prepare(releases, { LOG_LEVEL: 'error' });
    zdenergy.launch();
    await zdenergy.whenHealth('ok');
    const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
    await gateway.end('{"id":"a","temp":1}');
    await zdenergy.stop();
    await zdenergy.program.finished;
    expect(zdenergy.program.output).toBe('');
  });
});
