/**
 * Somebody else's mail server, to which zdenergy sends: real SMTP, with a login, and with STARTTLS if it
 * is given a certificate.
 *
 * What always holds: it ends with the test; mail without a login is refused.
 */
import { once } from 'node:events';
import type { Releases } from '@zdenergy/core';
import { SMTPServer } from 'smtp-server';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and text, without the line ends that the encoding puts into long lines. */
  readonly data: string;
  readonly isEncrypted: boolean;
}

export interface MailAccount {
  readonly user: string;
  readonly password: string;
}

export class MailReceiver {
  readonly mails: Mail[] = [];

  /** Resolves once it listens on the port of the loopback address. */
  static async start(
    port: number,
    account: MailAccount,
    releases: Releases,
    tls?: { readonly cert: Buffer; readonly key: Buffer },
  ): Promise<MailReceiver> {
    const receiver = new MailReceiver();
    const server = new SMTPServer({
      ...(tls ?? { disabledCommands: ['STARTTLS'] }),
      allowInsecureAuth: tls === undefined,
      onAuth({ username, password }, _session, callback) {
        const isRight = username === account.user && password === account.password;
        callback(isRight ? null : new Error('wrong user or password'), { user: username });
      },
      onData(stream, { envelope, secure }, callback) {
        let data = '';
        stream.setEncoding('utf8').on('data', (text: string) => (data += text));
        stream.on('end', () => {
          receiver.mails.push({
            from: envelope.mailFrom === false ? '' : envelope.mailFrom.address,
            to: envelope.rcptTo.map(({ address }) => address),
            data: withLongLines(data),
            isEncrypted: secure,
          });
          callback();
        });
      },
    });
    // A client that leaves in the middle is no fault of ours.
    server.on('error', () => undefined);
    const listener = server.listen(port, '127.0.0.1');
    await once(listener, 'listening');
    releases.push(() => new Promise<void>((closed) => server.close(() => closed())));
    return receiver;
  }
}

/** Only in the text: a header may end with the same characters. */
function withLongLines(data: string): string {
  const end = data.indexOf('\r\n\r\n');
  return data.slice(0, end) + data.slice(end).replaceAll('=\r\n', '');
}
