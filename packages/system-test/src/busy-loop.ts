/**
 * A busy loop inside a worker that runs, entered through Node's own debugger: the event loop is
 * blocked by JavaScript, as by a bug in a parser.
 */
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import type { Duplex } from 'node:stream';
import type { Settings, Zdenergy } from './zdenergy.js';
import { eventually } from './wait.js';

/** Start zdenergy with these, so that the debuggers of its processes take free ports. */
export const debuggable: Settings = { NODE_OPTIONS: '--inspect-port=0' };

/** The rest of a handshake's key by RFC 6455. */
const webSocketGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Resolves once the worker has been told to loop for ever. */
export async function blockLoop({ program }: Zdenergy, pid: number): Promise<void> {
  const saidBefore = program.output.length;
  process.kill(pid, 'SIGUSR1');
  const address = await eventually(() => {
    const [, found] =
      /Debugger listening on ws:\/\/(\S+)/.exec(program.output.slice(saidBefore)) ?? [];
    if (found === undefined) throw new Error(`process ${pid} opened no debugger`);
    return new URL(`http://${found}`);
  });
  const socket = await openWebSocket(address);
  const order = { id: 1, method: 'Runtime.evaluate', params: { expression: 'for (;;);' } };
  socket.write(textFrame(JSON.stringify(order)));
}

function openWebSocket(address: URL): Promise<Duplex> {
  const key = randomBytes(16).toString('base64');
  const request = http.get(address, {
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': key,
      'Sec-WebSocket-Version': '13',
    },
  });
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', ({ statusCode }) => {
      reject(new Error(`the debugger answered ${statusCode ?? 'nothing'}`));
    });
    request.on('upgrade', ({ headers }, socket: Duplex) => {
      const accepted = createHash('sha1').update(`${key}${webSocketGuid}`).digest('base64');
      if (headers['sec-websocket-accept'] !== accepted) reject(new Error('this is no WebSocket'));
      // The worker is killed with the connection open.
      socket.on('error', () => undefined).resume();
      resolve(socket);
    });
  });
}

/** A whole text of at most 125 bytes; a client has to mask what it sends, with any mask. */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  if (payload.length > 125) throw new RangeError('too long for a short frame');
  const mask = randomBytes(4);
  const masked = payload.map((byte, index) => byte ^ mask[index % mask.length]);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, masked]);
}
