/** Who may connect and for how long: limits, both families of addresses,
 * idle gateways, TLS; and whose clock a time is read by. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import { makeCertificates, type Certificates } from '../src/certificates.js';
import { Gateway, type GatewayOptions } from '../src/gateway.js';
import { officeObjects } from '../src/office-readings.js';
import { randomPieces, seededRandom } from '../src/random.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';
import { expectWholeOffice } from './whole-office.js';

const releases = new Releases();
afterAll(() => releases.release());

describe('in another time zone, with a short idle timeout', () => {
  let zdenergy: Zdenergy;

  beforeAll(async () => {
    zdenergy = await Zdenergy.start(releases, {
      SENSOR_TIMEZONE: 'Asia/Shanghai',
      TCP_IDLE_TIMEOUT: '1s',
    });
  });

  it('takes times without an offset for the zone’s, and no others', async () => {
    const database = await zdenergy.database();
    const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
    await gateway.end(
      officeObjects('shanghai').join('') +
        '{"id":"offset","time":"2025-03-01T12:00:00Z","temp":1}' +
        '{"id":"offset","time":"2025-03-01T14:00:00+01:00","temp":2}',
    );
    await expectWholeOffice(database, 'shanghai', 8);
    await eventually(async () => {
      expect(
        await database.rows(`SELECT time FROM readings WHERE sensor_id = 'offset' ORDER BY time`),
      ).toEqual([
        { time: new Date('2025-03-01T12:00:00Z') },
        { time: new Date('2025-03-01T13:00:00Z') },
      ]);
    });
  });

  it('closes a gateway that falls silent and says so, and not one that goes on', async () => {
    const silent = await Gateway.connect(zdenergy.ports.tcp, releases);
    const talking = await Gateway.connect(zdenergy.ports.tcp, releases);
    talking.send('{"id":"talking","temp":1}');
    const timer = setInterval(() => talking.send('\n'), 200);
    releases.push(() => clearInterval(timer));
    await eventually(() => expect(silent.isClosed).toBe(true));
    expect(talking.isClosed).toBe(false);
    await eventually(() => {
      expect(zdenergy.program.output).toContain(`⚠️ Socket timeout: ${silent.address}`);
    });
    expect(zdenergy.program.output).not.toContain(`Socket timeout: ${talking.address}`);
  });

  it('reads what came while it could not look, before it takes a gateway for silent', async () => {
    const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
    await eventually(() => expect(zdenergy.program.output).toContain(`from ${gateway.address}`));
    const ingest = await zdenergy.pidOf('ingest-1');
    process.kill(ingest, 'SIGSTOP');
    const ended = gateway.end('{"id":"waiting","temp":1}');
    await sleep(1_500);
    process.kill(ingest, 'SIGCONT');
    await ended;
    const database = await zdenergy.database();
    await eventually(async () => expect(await database.count('readings', 'waiting')).toBe(1));
    expect(zdenergy.program.output).not.toContain(`Socket timeout: ${gateway.address}`);
  });
});

describe('with limits on who may connect', () => {
  const perAddress = 3;
  const inAll = 5;
  let zdenergy: Zdenergy;

  beforeAll(async () => {
    zdenergy = await Zdenergy.start(releases, {
      TCP_ALLOW: '127.0.0.1,127.0.0.4/30',
      TCP_MAX_CONNECTIONS: String(inAll),
      TCP_MAX_CONNECTIONS_PER_IP: String(perAddress),
    });
  });

  const connect = (from: string): Promise<Gateway> =>
    Gateway.connect(zdenergy.ports.tcp, releases, { from });

  /** The system connects it, and the server closes at once what it does not want. */
  async function expectRefused(from: string): Promise<void> {
    const gateway = await connect(from);
    await gateway.closed;
  }

  it('refuses addresses that are not on the list', async () => {
    await expectRefused('127.0.0.2');
    await expectRefused('127.0.0.8');
    await eventually(() => {
      expect(zdenergy.program.output).toMatch(/⚠️ Gateway 127\.0\.0\.2 refused: .*TCP_ALLOW/);
    });
  });

  it('refuses more connections than one address may have, and more than there may be in all', async () => {
    const held: Gateway[] = [];
    for (let n = 0; n < perAddress; n += 1) held.push(await connect('127.0.0.1'));
    await expectRefused('127.0.0.1');
    for (let n = held.length; n < inAll; n += 1) held.push(await connect('127.0.0.5'));
    await expectRefused('127.0.0.6');
    await eventually(async () => {
      expect((await zdenergy.stats()).tcp).toMatchObject({ open: inAll, refused: 4 });
    });
    expect(held.filter(({ isClosed }) => isClosed)).toHaveLength(0);

    await held[0].end();
    // The gateway sees the end a moment before the server has done with the connection.
    await eventually(async () => {
      expect((await zdenergy.stats()).tcp).toMatchObject({ open: inAll - 1 });
    });
    const next = await connect('127.0.0.1');
    await next.end('{"id":"again","temp":1}');
    const database = await zdenergy.database();
    await eventually(async () => expect(await database.count('readings', 'again')).toBe(1));
    for (const gateway of held) gateway.destroy();
  });
});

describe('on every address of both families', () => {
  let zdenergy: Zdenergy;

  beforeAll(async () => {
    zdenergy = await Zdenergy.start(releases, {
      TCP_HOST: '::',
      TCP_ALLOW: '::/127,127.0.0.4/30',
      TCP_ACK: 'on',
    });
  });

  async function expectServed(options: GatewayOptions): Promise<void> {
    const gateway = await Gateway.connect(zdenergy.ports.tcp, releases, options);
    gateway.send('{"id":"family","temp":1,"seq":1}');
    await eventually(() => expect(gateway.answers).toEqual([{ ack: 1 }]));
    gateway.destroy();
  }

  async function expectRefused(options: GatewayOptions, address: string): Promise<void> {
    const gateway = await Gateway.connect(zdenergy.ports.tcp, releases, options);
    await gateway.closed;
    await eventually(() => {
      expect(zdenergy.program.output).toContain(
        `⚠️ Gateway ${address} refused: its address is not`,
      );
    });
  }

  it('serves who is in a block of IPv6, or of IPv4 though the socket maps it to IPv6', async () => {
    await expectServed({ host: '::1' });
    await expectServed({ from: '127.0.0.5' });
  });

  it('refuses all others by the address that they have, and names it so', async () => {
    await expectRefused({ from: '127.0.0.1' }, '127.0.0.1');
    await zdenergy.stop();
    await zdenergy.start({ TCP_ALLOW: '127.0.0.1,fd00::/8,::2' });
    await expectRefused({ host: '::1' }, '::1');
    await expectServed({ from: '127.0.0.1' });
  });
});

describe('with TLS', () => {
  const perAddress = 5;
  const from = '127.0.0.9';
  let zdenergy: Zdenergy;
  let certificates: Certificates;

  beforeAll(async () => {
    certificates = await makeCertificates(releases);
    zdenergy = await Zdenergy.start(releases, {
      ...certificates.settings,
      TCP_ACK: 'on',
      TCP_MAX_CONNECTIONS_PER_IP: String(perAddress),
    });
  });

  it('serves a gateway with a certificate of the authority, beside the plain port', async () => {
    const { ca, client } = certificates;
    const database = await zdenergy.database();
    const secure = await Gateway.connect(zdenergy.ports.tls, releases, { tls: { ca, ...client } });
    const bytes = Buffer.from(officeObjects('secure').join('\n'));
    await secure.sendInPieces(randomPieces(bytes, 20_000, seededRandom(4)));
    secure.send('{"id":"secure-answer","temp":1,"seq":7}');
    await eventually(() => expect(secure.answers).toEqual([{ ack: 7 }]));
    await secure.end();
    await expectWholeOffice(database, 'secure');

    const plain = await Gateway.connect(zdenergy.ports.tcp, releases);
    await plain.end('{"id":"plain","temp":1}');
    await eventually(async () => expect(await database.count('readings', 'plain')).toBe(1));
  });

  it('turns away who shows no certificate, a stranger’s, or speaks no TLS', async () => {
    const { ca, stranger } = certificates;
    const database = await zdenergy.database();
    const reading = '{"id":"uninvited","temp":1,"seq":1}\n';
    for (const keys of [{}, stranger]) {
      // In TLS 1.3 a client is connected before the server has looked at its certificate.
      const gateway = await Gateway.connect(zdenergy.ports.tls, releases, { tls: { ca, ...keys } });
      gateway.send(reading);
      await gateway.closed;
      expect(gateway.answers).toEqual([]);
    }
    const plain = await Gateway.connect(zdenergy.ports.tls, releases);
    plain.send(reading);
    await plain.closed;

    const invited = await Gateway.connect(zdenergy.ports.tcp, releases);
    await invited.end('{"id":"invited","temp":1}');
    await eventually(async () => expect(await database.count('readings', 'invited')).toBe(1));
    expect(await database.count('readings', 'uninvited')).toBe(0);
    expect(await zdenergy.stats()).toMatchObject({ workers: [{ restarts: 0 }, {}, {}] });
  });

  it('counts who does not finish the handshake, and only until that is cut', async () => {
    const { ca, client } = certificates;
    // One that fails gives its place back at once.
    for (let n = 0; n < 2 * perAddress; n += 1) {
      const failing = await Gateway.connect(zdenergy.ports.tls, releases, { from });
      failing.send('this is no TLS\n');
      await failing.closed;
    }
    await eventually(() => {
      expect(zdenergy.program.output).toMatch(
        /⚠️ Gateway 127\.0\.0\.\d+ failed the TLS handshake: /,
      );
    });
    await eventually(async () => expect((await zdenergy.stats()).tcp.open).toBe(0));

    const silent = await Promise.all(
      Array.from({ length: perAddress }, () =>
        Gateway.connect(zdenergy.ports.tls, releases, { from }),
      ),
    );
    const tooMany = await Gateway.connect(zdenergy.ports.tls, releases, { from });
    await tooMany.closed;
    expect(silent.filter(({ isClosed }) => isClosed)).toHaveLength(0);
    await eventually(() => {
      expect(zdenergy.program.output).toMatch(
        /⚠️ Gateway 127\.0\.0\.9 refused: it has 5 connections \(TCP_MAX_CONNECTIONS_PER_IP\)/,
      );
    });
    await Promise.all(silent.map(({ closed }) => closed));
    const next = await Gateway.connect(zdenergy.ports.tls, releases, {
      from,
      tls: { ca, ...client },
    });
    next.send('{"id":"next","temp":1,"seq":1}');
    await eventually(() => expect(next.answers).toEqual([{ ack: 1 }]));
  });
});
