/**
 * The arguments of `npm run simulate`, and which of them go together.
 */
import {
  duration,
  isSet,
  option,
  optionLines,
  readOptions,
  text,
  whole,
} from '../command/option-table.js';
import type { FleetOptions } from './fleet.js';

const probability = {
  parse: (value: string): number | undefined =>
    /^(\d+\.?\d*|\.\d+)$/.test(value) && Number(value) <= 1 ? Number(value) : undefined,
  expected: 'a probability from 0 to 1, such as 0.1',
};
const keepOrEach = {
  parse: (value: string): 'keep' | 'each' | undefined =>
    value === 'keep' || value === 'each' ? value : undefined,
  expected: 'keep or each',
};

const atLeast = (minMs: number) => duration(minMs, '250ms, 5s or 10m', `${minMs} ms`);
const anyText = text('a text');

const table = {
  host: option('ADDRESS', '127.0.0.1', anyText, 'The server'),
  port: option('PORT', null, whole(1, 65_535), 'Its port (this server: TCP_PORT, TLS_PORT)'),
  gateways: option('COUNT', '10', whole(1, 60_000), 'Gateways'),
  'sensors-per-gateway': option('COUNT', '1', whole(1, 1_000), 'Sensors behind each gateway'),
  interval: option('TIME', '5s', atLeast(10), 'Each sensor is read this often'),
  duration: option('TIME', null, atLeast(1), 'Stop after this long (until Ctrl-C)'),
  connect: option('HOW', 'keep', keepOrEach, 'keep the connection, or open one for each reading'),
  ack: option(null, null, isSet, 'Send seq, and expect the answers of a server with TCP_ACK=on'),
  tls: option(null, null, isSet, "Speak TLS; the server's certificate is not checked"),
  'tls-cert': option(
    'FILE',
    null,
    anyText,
    'Client certificate (PEM), when the server asks for one',
  ),
  'tls-key': option('FILE', null, anyText, 'Its private key (PEM)'),
  split: option('PROB', '0', probability, 'Packets split at any byte, even within a character'),
  garbage: option('PROB', '0', probability, 'Bytes that are no object before the object'),
  disconnect: option(
    'PROB',
    '0',
    probability,
    'The connection is reset in the middle of the object',
  ),
  duplicate: option('PROB', '0', probability, 'The same reading sent twice'),
  seed: option('NUMBER', '1', whole(0, 2 ** 32 - 1), 'Same seed: same sensors, values and faults'),
  help: option(null, null, isSet, 'Show this'),
} as const;

export type ParsedArguments =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] }
  | {
      readonly kind: 'run';
      readonly options: Omit<FleetOptions, 'tls'>;
      readonly tls: TlsFiles | undefined;
    };

export interface TlsFiles {
  /** The client's certificate and key; undefined: the client shows none. */
  readonly identity: { readonly certFile: string; readonly keyFile: string } | undefined;
}

/** Where the server listens, in plain and with TLS, as far as nothing else was said. */
export interface UsualPorts {
  readonly plain: number;
  readonly tls: number;
}

const defaultPorts: UsualPorts = { plain: 6_000, tls: 6_001 };

/** @param local asked for the ports of this machine's zdenergy, when they matter. */
export function parseArguments(
  args: readonly string[],
  local: () => UsualPorts = () => defaultPorts,
): ParsedArguments {
  const { values, given, problems } = readOptions(args, table, '--gateways 10');
  if (given.has('help')) return { kind: 'help' };

  const certFile = values['tls-cert'];
  const keyFile = values['tls-key'];
  if ((certFile === undefined) !== (keyFile === undefined)) {
    problems.push('--tls-cert and --tls-key: give both, or neither');
  }
  const usesTls = values.tls === true;
  if (!usesTls && (certFile ?? keyFile) !== undefined) {
    problems.push('--tls-cert and --tls-key: need --tls');
  }
  if (problems.length > 0) return { kind: 'wrong', problems };

  const identity =
    certFile !== undefined && keyFile !== undefined ? { certFile, keyFile } : undefined;
  const { host, port, gateways, connect, seed, split, garbage, disconnect, duplicate } = values;
  return {
    kind: 'run',
    options: {
      host,
      port: port ?? (given.has('host') ? defaultPorts : local())[usesTls ? 'tls' : 'plain'],
      gateways,
      sensorsPerGateway: values['sensors-per-gateway'],
      intervalMs: values.interval,
      durationMs: values.duration,
      ack: values.ack === true,
      connect,
      faults: { split, garbage, disconnect, duplicate },
      seed,
    },
    tls: usesTls ? { identity } : undefined,
  };
}

export function helpText(): string {
  const rows = optionLines(table, 28);
  return [
    'A fleet of simulated gateways that try a zdenergy server.',
    '',
    'npm run simulate -- --gateways 10 --interval 5s',
    '',
    ...rows,
    '',
    'Faults (split, garbage, disconnect, duplicate) are probabilities for each reading.',
    'Exit code: 0 when every reading was sent (with --ack: and answered), 1 when not, 64 for wrong',
    'arguments, 130 after a second Ctrl-C.',
  ].join('\n');
}
