import type { IncomingHttpHeaders } from 'node:http';
import { isFromForeignPage } from '../src/same-origin.js';

const host = 'site.example:5000';
const origin = (value: string): IncomingHttpHeaders => ({ origin: value });
const site = (value: string, more: IncomingHttpHeaders = {}): IncomingHttpHeaders => ({
  'sec-fetch-site': value,
  ...more,
});

const rows: [
  method: string | undefined,
  headers: IncomingHttpHeaders,
  host: string | undefined,
  isForeign: boolean,
][] = [
  ['GET', site('cross-site', origin('https://evil.example')), host, false],
  ['HEAD', site('cross-site'), host, false],
  ['POST', {}, host, false],
  ['POST', site('same-origin'), host, false],
  ['POST', site('none'), host, false],
  ['POST', site('same-site'), host, true],
  ['POST', site('cross-site'), host, true],
  ['POST', site('cross-site', origin(`http://${host}`)), host, true],
  ['POST', site('nonsense'), host, true],
  ['DELETE', site('cross-site'), host, true],
  ['BREW', site('cross-site'), host, true],
  [undefined, site('cross-site'), host, true],
  ['POST', origin(`http://${host}`), host, false],
  ['POST', origin(`https://${host}`), host, false],
  ['POST', origin('https://site.example'), 'site.example:443', false],
  ['POST', origin('http://site.example'), 'SITE.example', false],
  ['POST', origin('http://site.example:5001'), host, true],
  ['POST', origin('http://site.example.evil.example:5000'), host, true],
  ['POST', origin('null'), host, true],
  ['POST', origin(''), host, true],
  ['POST', origin(`http://${host}`), undefined, true],
];

it.each(rows)('%s with %j to %s', (method, headers, ownHost, isForeign) => {
  expect(isFromForeignPage(method, headers, ownHost)).toBe(isForeign);
});
