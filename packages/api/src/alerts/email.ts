/**
 * E-mail, through the SMTP server of SMTP_URL.
 *
 * What always holds: the library is loaded with the first message, so that nobody else pays for it; each
 * step has a timeout; each message has a connection of its own, and a Message-ID that its repeat has too.
 */
import type { Message } from './alert-message.js';
import type { Channel } from './channel.js';
import { failureOf } from './channel.js';

/** For connecting, for the greeting, and without a byte. */
const stepTimeoutMs = 10_000;

export interface EmailSettings {
  /** smtp://USER:PASSWORD@HOST:587, or smtps:// for TLS from the first byte on. */
  readonly smtpUrl: string;
  /** One address, or several with commas. */
  readonly to: string;
  readonly from: string | undefined;
}

export function emailChannel(settings: EmailSettings, host: string): Channel {
  const { smtpUrl, to } = settings;
  const from = settings.from ?? defaultFrom(smtpUrl, host);
  return {
    name: 'email',
    label: 'the e-mail server',
    async send(message: Message, signal: AbortSignal) {
      try {
        const { createTransport } = await import('nodemailer');
        const transport = createTransport({
          url: smtpUrl,
          connectionTimeout: stepTimeoutMs,
          greetingTimeout: stepTimeoutMs,
          socketTimeout: stepTimeoutMs,
          dnsTimeout: stepTimeoutMs,
          disableFileAccess: true,
          disableUrlAccess: true,
        });
        await transport.sendMail({
          from,
          to,
          subject: message.subject,
          text: message.text,
          messageId: `<${message.id}@zdenergy>`,
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Alert-Id': message.id },
          signal,
        });
      } catch (error) {
        throw failureOf(error, secretsOf(smtpUrl));
      }
    },
  };
}

/** Many servers only let a user send as himself. */
function defaultFrom(smtpUrl: string, host: string): string {
  const user = decoded(new URL(smtpUrl).username);
  return /^[^\s@<>,]+@[^\s@<>,]+$/.test(user) ? user : `zdenergy@${host}`;
}

/** Of the address as it is written, and as the server gets it. */
function secretsOf(smtpUrl: string): string[] {
  const { href, username, password } = new URL(smtpUrl);
  const plain = decoded(password);
  const login = Buffer.from(`\0${decoded(username)}\0${plain}`).toString('base64');
  return [smtpUrl, href, password, plain, login, Buffer.from(plain).toString('base64')];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
