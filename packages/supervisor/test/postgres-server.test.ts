import { parsePostmasterFile } from '../src/postgres-server.js';

const lines = (...text: string[]): string => `${text.join('\n')}\n`;

describe('postmaster.pid', () => {
  it.each([
    [
      'of a ready server',
      lines(
        '4917',
        '/data/postgres',
        '1795486971',
        '5433',
        '',
        '127.0.0.1',
        ' 16039948 5',
        'ready   ',
      ),
      { pid: 4917, port: 5433, status: 'ready' },
    ],
    [
      'of one that stops',
      lines('17', '/data', '1', '5433', '', '127.0.0.1', '1 2', 'stopping'),
      { pid: 17, port: 5433, status: 'stopping' },
    ],
    [
      'that is not complete yet',
      lines('4917', '/data/postgres', '1795486971', '5433', ''),
      { pid: 4917, port: 5433, status: '' },
    ],
    ['that is empty', '', undefined],
    ['that holds something else', lines('no number', '/data'), undefined],
  ])('%s', (_what, text, expected) => {
    expect(parsePostmasterFile(text)).toEqual(expected);
  });
});
