/**
 * Certificates made for a test with openssl: an authority, a server's and a client's from it, and a
 * client's from a stranger.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Releases } from '@zdenergy/core';

const run = promisify(execFile);

export interface KeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface Certificates {
  /** The settings that make zdenergy use them. */
  readonly settings: { TLS_CERT: string; TLS_KEY: string; TLS_CA: string };
  readonly ca: Buffer;
  readonly client: KeyPair;
  /** Of an authority that nobody knows. */
  readonly stranger: KeyPair;
}

export async function makeCertificates(releases: Releases): Promise<Certificates> {
  const directory = await mkdtemp(join(tmpdir(), 'zdenergy-certificates-'));
  releases.push(() => rm(directory, { recursive: true, force: true }));
  const file = (name: string): string => join(directory, name);

  const make = async (name: string, ...options: string[]): Promise<void> => {
    await run('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'],
      ...['-subj', `/CN=${name}`, '-days', '2'],
      ...['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`), ...options],
    ]);
  };
  const signed = (authority: string): string[] => [
    ...['-CA', file(`${authority}.crt`), '-CAkey', file(`${authority}.key`)],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
    ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
  ];
  const pair = async (name: string): Promise<KeyPair> => ({
    cert: await readFile(file(`${name}.crt`)),
    key: await readFile(file(`${name}.key`)),
  });

  await make('authority');
  await make('elsewhere');
  await make('server', ...signed('authority'));
  await make('client', ...signed('authority'));
  await make('stranger', ...signed('elsewhere'));
  return {
    settings: {
      TLS_CERT: file('server.crt'),
      TLS_KEY: file('server.key'),
      TLS_CA: file('authority.crt'),
    },
    ca: await readFile(file('authority.crt')),
    client: await pair('client'),
    stranger: await pair('stranger'),
  };
}
