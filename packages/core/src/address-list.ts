/**
 * Lists of addresses and CIDR blocks, as TCP_ALLOW and TRUST_PROXY give them.
 *
 * An IPv4 address and its IPv4-mapped IPv6 form (`::ffff:192.0.2.7`) are the same to a list, since
 * a socket that serves both families reports the mapped form.
 */
import { BlockList, isIP } from 'node:net';

/** True for `192.0.2.7`, `2001:db8::1`, `10.0.0.0/8` and `fd00::/8`. */
export function isAddressOrBlock(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128);
}

export interface AddressList {
  /** False also for what is no address at all. */
  includes(address: string | undefined): boolean;
}

/** @throws {RangeError} for an entry that `isAddressOrBlock` refuses. */
export function addressList(entries: readonly string[]): AddressList {
  const list = new BlockList();
  for (const entry of entries) {
    if (!isAddressOrBlock(entry)) throw new RangeError(`${entry} is no address or CIDR block`);
    const [address = '', prefix] = entry.split('/');
    const family = familyOf(address);
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return {
    includes: (address = '') => isIP(address) !== 0 && list.check(address, familyOf(address)),
  };
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6');
