/**
 * Alerts, as people and programs get them: a TCP worker that does not come back, and receivers that are
 * slow or away meanwhile. And the way to try them out beforehand.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import { makeCertificates } from '../src/certificates.js';
import { Gateway } from '../src/gateway.js';
import { HttpReceiver } from '../src/http-receiver.js';
import { MailReceiver } from '../src/mail-receiver.js';
import { npmRun } from '../src/npm.js';
import { freePort } from '../src/ports.js';
import { signalAll } from '../src/processes.js';
import { eventually } from '../src/wait.js';
import { nextProcessOf, reload, replaced } from '../src/workers.js';
import { Zdenergy, type Settings } from '../src/zdenergy.js';

/** From the figures. */
const answeredWithinMs = 100;
/** Longer than a receiver that took a message needs to be told again, if somebody forgot that it did. */
const quietMs = 2_500;
const account = { user: 'ops@example.com', password: 'hunter2/#geheim' };
const secrets = ['hunter2', 'geheim', 'T0/B0/secret', 'my-secret', 'ping-key'];

const releases = new Releases();
afterAll(() => releases.release());

/** As it stands in an address. */
const login = `${encodeURIComponent(account.user)}:${encodeURIComponent(account.password)}`;

interface Alert {
  readonly id: string;
  readonly event: string;
  readonly status: string;
  readonly reasons: readonly string[];
  readonly duration_seconds: number;
}

describe('a TCP worker that is killed and does not come back', () => {
  let web: HttpReceiver;
  let slow: HttpReceiver;
  let pings: HttpReceiver;
  let mail: MailReceiver;
  let zdenergy: Zdenergy;
  let mailPort: number;
  /** Stopped while it starts, so that it is neither ready nor dead. */
  let stuck: number;

  const slack = (): string[] =>
    web.at('/services/T0/B0/secret').map(({ body }) => (JSON.parse(body) as { text: string }).text);
  const webhook = (): Alert[] =>
    slow.at('/hook?key=my-secret').map(({ body }) => JSON.parse(body) as Alert);

  beforeAll(async () => {
    web = await HttpReceiver.start(releases);
    slow = await HttpReceiver.start(releases);
    pings = await HttpReceiver.start(releases);
    mailPort = await freePort();
    zdenergy = await Zdenergy.start(releases, {
      SLACK_WEBHOOK_URL: web.url('/services/T0/B0/secret'),
      // Nobody listens there yet.
      SMTP_URL: `smtp://${login}@127.0.0.1:${mailPort}`,
      ALERT_EMAIL_TO: 'a@example.com, b@example.com',
      ALERT_WEBHOOK_URL: slow.url('/hook?key=my-secret'),
      HEALTHCHECKS_PING_URL: pings.url('/ping-key'),
    });
    await zdenergy.whenHealth('ok');
  });

  it('readings that were stored are a ping', async () => {
    const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
    // A look has to have been taken before, or they count as stored long ago.
    await sleep(quietMs);
    await gateway.end('{"id":"a","temp":1}');
    await eventually(() => expect(pings.at('/ping-key')).toHaveLength(1));
  });

  it('is told once, with the reason; health answers at once meanwhile', async () => {
    const before = await zdenergy.pidOf('ingest-1');
    pings.answer = 'none';
    slow.answer = 'none';
    process.kill(before, 'SIGKILL');
    stuck = await nextProcessOf(zdenergy, 'ingest-1', before);
    process.kill(stuck, 'SIGSTOP');
    await eventually(() => expect(slack()).toHaveLength(1));
    expect(slack()[0]).toMatch(/^❌ zdenergy on .*: error - TCP worker ingest-1 is /);
    // The mail server is away, and the program behind the webhook hangs, as does Healthchecks.io.
    await eventually(() => expect(webhook()).toMatchObject([{ event: 'bad', status: 'error' }]));
    await eventually(() => expect(pings.at('/ping-key/fail')).toHaveLength(1));
    expect(pings.at('/ping-key/fail')[0]?.body).toContain('TCP worker ingest-1 is ');
    await eventually(() =>
      expect(zdenergy.program.output).toContain('could not be told to the e-mail server: '),
    );
    const tookMs: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      const health = await zdenergy.ask('/api/health');
      expect(health.statusCode).toBe(503);
      tookMs.push(health.tookMs);
    }
    // Whoever waited for a receiver would wait each time.
    expect(Math.min(...tookMs)).toBeLessThan(answeredWithinMs);
  });

  it('is told to others when they are back, through kill -9 of the API, and not again', async () => {
    mail = await MailReceiver.start(mailPort, account, releases);
    pings.answer = 200;
    slow.answer = 200;
    const before = await zdenergy.pidOf('api');
    process.kill(before, 'SIGKILL');
    await replaced(zdenergy, 'api', before);
    const [first] = await eventually(() => {
      expect(mail.mails).toHaveLength(1);
      return mail.mails;
    });
    expect(first).toMatchObject({
      from: account.user,
      to: ['a@example.com', 'b@example.com'],
      data: expect.stringMatching(/^Message-ID: <\w+-health-1-bad@zdenergy>\r$/m) as string,
    });
    expect(first?.data).toContain('TCP worker ingest-1 is ');
    await eventually(() => expect(webhook()).toHaveLength(2));
    const [taken, again] = webhook();
    expect(again).toMatchObject({ id: taken?.id, event: 'bad', status: 'error' });
    await sleep(quietMs);
    expect(slack()).toHaveLength(1);
    expect(mail.mails).toHaveLength(1);
    expect(webhook()).toHaveLength(2);
  });

  it('is told as over, once, with how long it lasted, through a reload', async () => {
    signalAll([stuck], 'SIGCONT');
    await eventually(() => zdenergy.whenHealth('ok'));
    await reload(zdenergy);
    await eventually(() => {
      expect(slack()).toHaveLength(2);
      expect(mail.mails).toHaveLength(2);
      expect(webhook()).toHaveLength(3);
    });
    expect(slack()[1]).toMatch(/^✅ zdenergy on .*: good again after \d+ (s|min).*\n/);
    expect(mail.mails[1]?.data).toMatch(/^Message-ID: <\w+-health-1-good@zdenergy>\r$/m);
    expect(webhook()[2]).toMatchObject({ event: 'good', status: 'ok' });
    expect(webhook()[2]?.duration_seconds).toBeGreaterThanOrEqual(10);
    await sleep(quietMs);
    expect([slack().length, mail.mails.length, webhook().length]).toEqual([2, 2, 3]);
  });

  it('no address and no password is in the log', () => {
    for (const secret of secrets) expect(zdenergy.program.output).not.toContain(secret);
  });

  it('what was told is in the data directory, for its owner alone', async () => {
    const file = join(zdenergy.dataDirectory, 'alerts.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const text = await readFile(file, 'utf8');
    expect(JSON.parse(text)).toMatchObject({
      told: Object.fromEntries(
        ['slack', 'email', 'webhook'].map((name) => [
          name,
          expect.objectContaining({ incident: 1, isOver: true }),
        ]),
      ),
    });
  });
});

describe('npm run alert:test', () => {
  let zdenergy: Zdenergy;

  beforeAll(async () => {
    zdenergy = await Zdenergy.prepare(releases);
  });

  const alertTest = async (
    settings: Settings,
  ): Promise<{ code: number | null; output: string }> => {
    const { code, output } = await npmRun(zdenergy, 'alert:test', settings);
    for (const secret of secrets) expect(output).not.toContain(secret);
    return { code, output };
  };

  it('says what to set when no channel is', async () => {
    const { code, output } = await alertTest({});
    expect(code).toBe(1);
    for (const name of ['SLACK_WEBHOOK_URL', 'SMTP_URL and ALERT_EMAIL_TO', 'ALERT_WEBHOOK_URL']) {
      expect(output).toContain(name);
    }
  });

  it('sends a message to each channel, by e-mail through STARTTLS and a login', async () => {
    const web = await HttpReceiver.start(releases);
    const port = await freePort();
    const { settings } = await makeCertificates(releases);
    const tls = {
      cert: await readFile(settings.TLS_CERT),
      key: await readFile(settings.TLS_KEY),
    };
    const mail = await MailReceiver.start(port, account, releases, tls);
    const all = {
      SLACK_WEBHOOK_URL: web.url('/services/T0/B0/secret'),
      SMTP_URL: `smtp://${login}@localhost:${port}`,
      ALERT_EMAIL_TO: 'a@example.com',
      ALERT_EMAIL_FROM: 'zdenergy <z@example.com>',
      ALERT_WEBHOOK_URL: web.url('/hook?key=my-secret'),
      NODE_EXTRA_CA_CERTS: settings.TLS_CA,
    };
    const { code, output } = await alertTest(all);
    for (const name of ['Slack', 'E-mail', 'Webhook']) {
      expect(output).toContain(`✅ ${name}: the test message was taken.`);
    }
    expect(code).toBe(0);
    expect(mail.mails).toMatchObject([{ from: 'z@example.com', isEncrypted: true }]);
    expect(web.requests).toHaveLength(2);
    const [hook] = web.at('/hook?key=my-secret');
    const body = JSON.parse(hook?.body ?? '') as Alert;
    expect(body).toMatchObject({ event: 'test' });
    expect(hook?.headers['x-alert-id']).toBe(body.id);

    web.answer = 404;
    const wrong = { ...all, SMTP_URL: `smtp://ops:hunter2@localhost:${port}` };
    const failed = await alertTest(wrong);
    expect(failed.code).toBe(1);
    expect(failed.output).toContain('❌ Slack: it answered with status 404. Make a new incoming');
    expect(failed.output).toMatch(/❌ E-mail: Invalid login: 535 .*\. Check the host, the port/);
    expect(failed.output).toContain(
      '❌ Webhook: it answered with status 404. Check that the program',
    );
  });
});
