import { readFileSync } from 'node:fs';
import {
  coresOfOthers,
  cpuBetween,
  parseBusySeconds,
  parseStat,
  parseStatus,
  roleOf,
  type UsageByRole,
} from '../src/bench/processes.js';
import { fileSystemOf } from '../src/bench/machine.js';

describe('/proc/PID/stat', () => {
  const rest =
    'S 4242 991 991 0 -1 4194560 9 1 0 0 1234 566 30 4 20 0 11 0 8000 1 2 18446744073709551615';

  it('gives the parent and CPU time, own and of ended children', () => {
    const parsed = parseStat(`991 (node) ${rest}`);
    expect(parsed.parent).toBe(4_242);
    expect(parsed.cpuSeconds).toBeCloseTo(18);
    expect(parsed.endedChildrenCpuSeconds).toBeCloseTo(0.34);
  });

  it('is read right whatever the name of the program', () => {
    expect(parseStat(`991 (a) S 1 (b ) ${rest}`)).toEqual(parseStat(`991 (node) ${rest}`));
  });

  it('agrees with what Node says of this process', () => {
    const text = readFileSync('/proc/self/stat', 'utf8');
    const { user, system } = process.cpuUsage();
    expect(parseStat(text).parent).toBe(process.ppid);
    expect(Math.abs(parseStat(text).cpuSeconds - (user + system) / 1e6)).toBeLessThan(0.1);
  });
});

describe('/proc/PID/status', () => {
  it('gives memory in bytes', () => {
    const text =
      'Name:\tnode\nVmPeak:\t 900 kB\nVmHWM:\t 300 kB\nVmRSS:\t 200 kB\nRssAnon:\t 50 kB\n';
    expect(parseStatus(text)).toEqual({
      residentBytes: 204_800,
      peakBytes: 307_200,
      ownBytes: 51_200,
    });
  });

  it('of a process without memory, one that has ended, is 0', () => {
    expect(parseStatus('Name:\tnode\nState:\tZ (zombie)\n').residentBytes).toBe(0);
  });

  it('agrees with what Node says of this process', () => {
    const { residentBytes, peakBytes } = parseStatus(readFileSync('/proc/self/status', 'utf8'));
    expect(Math.abs(residentBytes / process.memoryUsage.rss() - 1)).toBeLessThan(0.1);
    expect(peakBytes).toBeGreaterThanOrEqual(residentBytes);
  });
});

describe('/proc/stat', () => {
  it('leaves out idle time and waiting for the disk', () => {
    expect(parseBusySeconds('cpu  1000 200 300 99999 88888 40 50 60 7 0\ncpu0 1 2 3\n')).toBe(16.5);
  });
});

describe('the children of a supervisor', () => {
  it.each([
    ['/usr/bin/node\0--enable-source-maps\0/srv/packages/ingest/dist/main.js\0', 'ingest worker'],
    ['/usr/bin/node\0/srv/packages/api/dist/main.js\0', 'api worker'],
    ['/srv/native/bin/postgres\0-D\0/data/postgres\0', 'Postgres'],
    ['/usr/bin/node\0/srv/packages/cli/dist/doctor.js\0', undefined],
    ['/srv/native/bin/initdb\0-D\0/data/postgres.new\0', undefined],
    ['', undefined],
  ])('%j', (commandLine, role) => {
    expect(roleOf(commandLine)).toBe(role);
  });
});

describe('usage between two moments', () => {
  const at = (cpu: number, machineBusySeconds: number): UsageByRole => {
    const usage = { cpuSeconds: cpu, memoryBytes: 1, peakBytes: 1 };
    return {
      supervisor: usage,
      'ingest worker': { ...usage, cpuSeconds: cpu * 2 },
      'api worker': usage,
      Postgres: usage,
      machineBusySeconds,
    };
  };

  it('is the difference, for each role', () => {
    expect(cpuBetween(at(1, 0), at(3, 0))).toEqual({
      supervisor: 2,
      'ingest worker': 4,
      'api worker': 2,
      Postgres: 2,
    });
  });

  it('leaves to others what neither zdenergy nor the benchmark used', () => {
    expect(coresOfOthers(at(1, 100), at(3, 120), 3, 5)).toBeCloseTo((20 - 10 - 3) / 5);
    expect(coresOfOthers(at(1, 100), at(3, 105), 3, 5)).toBe(0);
  });
});

describe('the file system of a path', () => {
  const mounts =
    'overlay / overlay rw 0 0\n/dev/vda /data ext4 rw 0 0\ntmpfs /data/fast tmpfs rw 0 0\n' +
    '/dev/vdb /database xfs rw 0 0\n/dev/vdc /twice ext4 rw 0 0\n/dev/vdd /twice btrfs rw 0 0\n';

  it.each([
    ['/data', 'ext4'],
    ['/data/x', 'ext4'],
    ['/data/fast/x', 'tmpfs'],
    ['/database/x', 'xfs'],
    ['/twice/x', 'btrfs'],
    ['/home', 'overlay'],
  ])('%s', (path, type) => {
    expect(fileSystemOf(mounts, path)).toBe(type);
  });

  it('is not known where there is no table of mounts', () => {
    expect(fileSystemOf('', '/data')).toBeUndefined();
  });
});
