import { helpText, parseArguments, type ParsedArguments } from '../src/simulate/arguments.js';

const parse = (line: string): ParsedArguments =>
  parseArguments(line.split(' ').filter((word) => word !== ''));

describe('right arguments', () => {
  const defaults = {
    host: '127.0.0.1',
    port: 6000,
    gateways: 10,
    sensorsPerGateway: 1,
    intervalMs: 5_000,
    durationMs: undefined,
    ack: false,
    connect: 'keep',
    faults: { split: 0, garbage: 0, disconnect: 0, duplicate: 0 },
    seed: 1,
  };

  it.each([
    ['', {}],
    [
      '--gateways 500 --interval 250ms --duration 10m',
      { gateways: 500, intervalMs: 250, durationMs: 600_000 },
    ],
    ['--host=gw.example --port=7000', { host: 'gw.example', port: 7_000 }],
    [
      '--ack --connect each --sensors-per-gateway 4',
      { ack: true, connect: 'each', sensorsPerGateway: 4 },
    ],
    [
      '--split 0.5 --garbage .25 --disconnect 1 --duplicate 0',
      { faults: { split: 0.5, garbage: 0.25, disconnect: 1, duplicate: 0 } },
    ],
    ['--seed 0', { seed: 0 }],
    ['--gateways 5 --gateways 6', { gateways: 6 }],
  ])('%s', (line, changed) => {
    expect(parse(line)).toEqual({
      kind: 'run',
      options: { ...defaults, ...changed },
      tls: undefined,
    });
  });

  it('go to the ports of this machine’s server, unless another host or port is named', () => {
    const portOf = (line: string): unknown => {
      const words = line.split(' ').filter((word) => word !== '');
      const parsed = parseArguments(words, () => ({ plain: 7_000, tls: 7_001 }));
      return parsed.kind === 'run' ? parsed.options.port : parsed;
    };
    expect(portOf('')).toBe(7_000);
    expect(portOf('--tls')).toBe(7_001);
    expect(portOf('--port 7')).toBe(7);
    expect(portOf('--host gw.example')).toBe(6_000);
    expect(portOf('--host gw.example --tls')).toBe(6_001);
  });

  it('choose the TLS port with --tls, unless told otherwise', () => {
    expect(parse('--tls')).toMatchObject({
      options: { port: 6_001 },
      tls: { identity: undefined },
    });
    expect(parse('--tls --port 7 --tls-cert c.pem --tls-key k.pem')).toMatchObject({
      options: { port: 7 },
      tls: { identity: { certFile: 'c.pem', keyFile: 'k.pem' } },
    });
  });
});

describe('wrong arguments', () => {
  it.each([
    ['--port 0', ['--port 0: expected a whole number from 1 to 65535']],
    ['--port 65536', ['--port 65536: expected a whole number from 1 to 65535']],
    ['--gateways -3', ['--gateways -3: expected a whole number from 1 to 60000']],
    ['--gateways 1e3', ['--gateways 1e3: expected a whole number from 1 to 60000']],
    [
      '--interval soon',
      ['--interval soon: expected a duration such as 250ms, 5s or 10m, at least 10 ms'],
    ],
    [
      '--interval 9ms',
      ['--interval 9ms: expected a duration such as 250ms, 5s or 10m, at least 10 ms'],
    ],
    ['--split 1.5', ['--split 1.5: expected a probability from 0 to 1, such as 0.1']],
    ['--split', ['--split: needs a value']],
    ['--connect never', ['--connect never: expected keep or each']],
    ['--ack=no', ['--ack: takes no value']],
    ['10', ['10: every argument starts with a name, such as --gateways 10']],
    ['--gateway 10', ['--gateway: there is no such argument; did you mean --gateways?']],
    ['--prot 10', ['--prot: there is no such argument; did you mean --port?']],
    ['--xyzzy', ['--xyzzy: there is no such argument']],
    ['-v', ['-v: there is no such argument']],
    ['--tls --tls-cert c.pem', ['--tls-cert and --tls-key: give both, or neither']],
    ['--tls-cert c.pem --tls-key k.pem', ['--tls-cert and --tls-key: need --tls']],
    ['--host= ', ['--host: expected a text']],
  ])('%s', (line, problems) => {
    expect(parse(line)).toEqual({ kind: 'wrong', problems });
  });

  it('are all reported together', () => {
    const parsed = parse('--gateways x --speed 9 lots --port 0 --seed y');
    expect(parsed.kind === 'wrong' && parsed.problems).toHaveLength(5);
  });
});

describe('the help', () => {
  it('is asked for with --help, whatever else stands there', () => {
    expect(parse('--gateways x --help')).toEqual({ kind: 'help' });
  });

  it('names every argument with its default, in lines that fit a terminal', () => {
    const text = helpText();
    for (const name of ['--host', '--sensors-per-gateway', '--disconnect', '--seed', '--help']) {
      expect(text).toContain(`  ${name}`);
    }
    expect(text).toContain('--interval TIME             Each sensor is read this often (5s)');
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});
