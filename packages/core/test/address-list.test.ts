import { addressList, isAddressOrBlock } from '../src/address-list.js';

describe('isAddressOrBlock', () => {
  it.each(['192.0.2.7', '10.0.0.0/8', '0.0.0.0/0', '::1', 'fd00::/8', '::ffff:10.0.0.0/104'])(
    'takes %s',
    (text) => expect(isAddressOrBlock(text)).toBe(true),
  );

  it.each([
    '',
    'localhost',
    '10.0.0',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    'fe80::1%eth0',
  ])('refuses %j', (text) => {
    expect(isAddressOrBlock(text)).toBe(false);
    expect(() => addressList([text])).toThrow(RangeError);
  });
});

describe('addressList', () => {
  const list = addressList(['192.0.2.7', '10.0.0.0/8', '2001:db8::/32']);

  it.each(['192.0.2.7', '10.255.0.1', '2001:db8::5', '::ffff:192.0.2.7', '::ffff:10.1.2.3'])(
    'includes %s',
    (address) => expect(list.includes(address)).toBe(true),
  );

  it.each(['192.0.2.8', '11.0.0.1', '2001:db9::5', '::ffff:192.0.2.8', 'localhost', '', undefined])(
    'does not include %s',
    (address) => expect(list.includes(address)).toBe(false),
  );

  it('includes nobody when it is empty', () => {
    expect(addressList([]).includes('127.0.0.1')).toBe(false);
  });
});
