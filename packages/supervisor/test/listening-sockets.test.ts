import { fork } from 'node:child_process';
import net from 'node:net';
import { once } from 'node:events';
import { listeningInodes, parseSettings } from '@zdenergy/core';
import { bindSocket, listenersOf, type ListenerSpec } from '../src/listening-sockets.js';
import { StartProblem } from '../src/start-problem.js';
import { freePort } from './trial.js';

const spec = (port: number, host = '127.0.0.1'): ListenerSpec => ({
  listener: 'tcp',
  role: 'ingest',
  host,
  port,
  hostVariable: 'TCP_HOST',
  portVariable: 'TCP_PORT',
});

const problemOf = async (wanted: ListenerSpec): Promise<StartProblem> => {
  const error: unknown = await bindSocket(wanted).catch((caught: unknown) => caught);
  if (error instanceof StartProblem) return error;
  throw new Error('it was bound');
};

/** Listens on the port in a process of its own, whose command line holds `name`. */
async function holdPort(port: number, name: string): Promise<{ pid: number; end: () => void }> {
  const holder = fork(new URL('./fixtures/hold-port.mjs', import.meta.url), [String(port), name], {
    execArgv: [],
  });
  await once(holder, 'message');
  return { pid: holder.pid ?? 0, end: () => holder.kill('SIGKILL') };
}

describe('a listening socket', () => {
  it('is bound but not served, so that the supervisor itself never accepts', async () => {
    const port = await freePort();
    const socket = await bindSocket(spec(port));
    const client = net.connect(port, '127.0.0.1');
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    socket.handle.close();
  });

  it.each(['localhost', '::1', '::'])('can be bound to %s', async (host) => {
    const socket = await bindSocket(spec(await freePort(), host));
    socket.handle.close();
  });

  it('waits for a port that is just being freed', async () => {
    const port = await freePort();
    const holder = await holdPort(port, 'x');
    setTimeout(holder.end, 500);
    const socket = await bindSocket(spec(port));
    socket.handle.close();
  });

  it('names the process that holds a busy port, and the variable to change', async () => {
    const port = await freePort();
    const holder = await holdPort(port, 'some-program');
    const { message, exitCode } = await problemOf(spec(port));
    holder.end();
    expect(message).toContain(`TCP_PORT: port ${port} is already in use by process ${holder.pid}`);
    expect(message).toContain('some-program');
    expect(message).toContain('set TCP_PORT to another port');
    expect(exitCode).toBe(1);
  });

  it('says so when that is another zdenergy', async () => {
    const port = await freePort();
    const holder = await holdPort(port, 'scripts/start.js');
    const { message } = await problemOf(spec(port));
    holder.end();
    expect(message).toContain(`in use by another zdenergy (process ${holder.pid}`);
    expect(message).toContain(`kill ${holder.pid}`);
  });

  it.each([
    ['203.0.113.9', 'TCP_HOST=203.0.113.9: this machine has no such address'],
    ['no-such-host.invalid', 'TCP_HOST=no-such-host.invalid: this name has no address'],
  ])('explains that it cannot be bound to %s', async (host, expected) => {
    expect((await problemOf(spec(await freePort(), host))).message).toContain(expected);
  });
});

describe('the sockets that the settings ask for', () => {
  it.each([
    [{}, ['tcp', 'http']],
    [{ TLS_CERT: 'cert.pem', TLS_KEY: 'key.pem' }, ['tcp', 'http', 'tls']],
  ])('%p', (environment, expected) => {
    const listeners = listenersOf(parseSettings(environment)).map(({ listener }) => listener);
    expect(listeners).toEqual(expected);
  });
});

describe('/proc/net/tcp', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 00000000:1770 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1',
    '   1: 0100007F:1770 0100007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 4712 1',
    '   2: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1',
  ].join('\n');

  it.each([
    [6000, ['4711']],
    [5000, ['4713']],
    [6001, []],
  ])('tells who listens on port %p', (port, expected) => {
    expect(listeningInodes(table, port)).toEqual(expected);
  });
});
