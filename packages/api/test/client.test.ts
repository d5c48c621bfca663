import type { IncomingHttpHeaders } from 'node:http';
import { clientReader } from '../src/client.js';

const read = clientReader(['10.0.0.2']);

describe('what a client is counted under', () => {
  const rows: [peer: string | undefined, forwardedFor: string | undefined, countedAs: string][] = [
    ['192.0.2.7', undefined, '192.0.2.7'],
    ['::ffff:192.0.2.7', undefined, '192.0.2.7'],
    ['2001:db8:0:1:2:3:4:5', undefined, '2001:db8:0:1::/64'],
    ['2001:0db8::5', undefined, '2001:db8:0:0::/64'],
    ['2001:db8:0:1::', undefined, '2001:db8:0:1::/64'],
    ['::1', undefined, '0:0:0:0::/64'],
    ['fe80::1%eth0', undefined, 'fe80:0:0:0::/64'],
    [undefined, undefined, 'unknown'],
    ['10.0.0.2', '203.0.113.9', '203.0.113.9'],
    ['10.0.0.2', '198.51.100.1, 203.0.113.9:80', '203.0.113.9'],
    ['10.0.0.2', '2001:db8::1, 2001:db8::9', '2001:db8:0:0::/64'],
    ['10.0.0.2', 'whatever', '10.0.0.2'],
    ['10.0.0.3', '203.0.113.9', '10.0.0.3'],
    ['127.0.0.1', '203.0.113.9', '127.0.0.1'],
    ['10.0.0.2', '127.0.0.1', '127.0.0.1'],
  ];
  it.each(rows)('%s for %s: %s', (peerAddress, forwardedFor, countedAs) => {
    const headers: IncomingHttpHeaders =
      forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
    expect(read({ peerAddress, headers }).countedAs).toBe(countedAs);
  });
});

describe('what a proxy says of it', () => {
  const headers = {
    host: 'inside:5000',
    'x-forwarded-for': '203.0.113.9',
    'x-forwarded-proto': 'https, http',
    'x-forwarded-host': 'zdenergy.example',
  };
  it('is believed if TRUST_PROXY lists it', () => {
    expect(read({ peerAddress: '10.0.0.2', headers })).toMatchObject({
      isLocal: false,
      isVeiled: false,
      proxyCountedAs: '10.0.0.2',
      isEncrypted: true,
      host: 'zdenergy.example',
    });
  });
  it('is not believed otherwise', () => {
    expect(read({ peerAddress: '127.0.0.1', headers })).toMatchObject({
      isLocal: false,
      isVeiled: true,
      proxyCountedAs: undefined,
      isEncrypted: false,
      host: 'inside:5000',
    });
  });
});
