/** What an operator reads once everything runs: where gateways connect, the page, the database, how to stop. */
import { networkInterfaces } from 'node:os';
import type { Settings } from '@zdenergy/core';

const everyAddress = new Set(['0.0.0.0', '::']);

/** The first address by which other machines know this one; else the loopback address. */
export function outsideAddress(interfaces = networkInterfaces()): string {
  const addresses = Object.values(interfaces).flatMap((list) => list ?? []);
  return (
    addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1'
  );
}

/** @param howToStop words such as "Ctrl-C". */
export function announcement(settings: Settings, address: string, howToStop: string): string {
  const place = (host: string, port: number): string => {
    const shown = everyAddress.has(host) ? address : host;
    return shown.includes(':') ? `[${shown}]:${port}` : `${shown}:${port}`;
  };
  const page = everyAddress.has(settings.httpHost)
    ? `localhost:${settings.httpPort}`
    : place(settings.httpHost, settings.httpPort);
  const tls =
    settings.tlsCert === undefined
      ? []
      : [`with TLS   ${place(settings.tcpHost, settings.tlsPort)}`];
  const database =
    settings.databaseUrl === undefined
      ? `own Postgres on 127.0.0.1:${settings.embeddedPgPort}`
      : 'DATABASE_URL';
  return [
    'zdenergy is ready',
    `gateways   ${place(settings.tcpHost, settings.tcpPort)}`,
    ...tls,
    `the page   http://${page}/`,
    `health     http://${page}/api/health`,
    `database   ${database}; npm run psql opens it`,
    `to stop    ${howToStop}`,
  ].join('\n');
}
