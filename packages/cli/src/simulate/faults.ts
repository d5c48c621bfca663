/**
 * What can go wrong on a gateway's way to the server, drawn for each reading: which packets a
 * reading becomes.
 *
 * What always holds: a plan that is not `cut` carries the whole object, one that is cut carries no
 * whole object at all; bytes between objects never look like one.
 */
import { draw, hash } from './chance.js';

/** Probabilities for each reading, 0 to 1. */
export interface Faults {
  /** Its bytes come in several packets, cut anywhere. */
  readonly split: number;
  /** Bytes that are no object stand before it. */
  readonly garbage: number;
  /** The connection is reset in its middle. */
  readonly disconnect: number;
  /** It is sent twice. */
  readonly duplicate: number;
}

export interface Plan {
  /** Written one after the other, with a pause between. */
  readonly packets: readonly Buffer[];
  /** The index of the packet that completes the object: an answer can come after it; -1 when cut. */
  readonly completedBy: number;
  /** The packets end in the middle of the object, and the connection is to be reset after them. */
  readonly cut: boolean;
  readonly split: boolean;
  readonly garbage: boolean;
  readonly duplicate: boolean;
}

const key = { split: 1, garbage: 2, disconnect: 3, duplicate: 4, cutAt: 5, kind: 6 } as const;

/** Seen on real lines: modem chatter, a lost head or tail, binary noise, NUL padding, a BOM. */
const garbageKinds: readonly Buffer[] = [
  Buffer.from('AT+CSQ\r\n+CSQ: 17,99\r\nOK\r\n'),
  Buffer.from('6,"rh":50.50,"lux":546.60}\n'),
  Buffer.from('{"id":"e4643048d7292c2e","ti\n'),
  Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x80, 0x81, 0x0a]),
  Buffer.alloc(16),
  Buffer.from('\ufeff'),
  Buffer.from('}}]]\n'),
];

/**
 * The packets for one reading.
 * @param keys what tells this sending from every other: seed, gateway, reading, attempt
 */
export function planSending(object: string, faults: Faults, ...keys: number[]): Plan {
  const happens = (probability: number, fault: number): boolean =>
    draw(...keys, fault) < probability;
  const garbage = happens(faults.garbage, key.garbage);
  const cut = happens(faults.disconnect, key.disconnect);
  const duplicate = !cut && happens(faults.duplicate, key.duplicate);
  const split = happens(faults.split, key.split);

  const noise = garbageKinds[hash(...keys, key.kind) % garbageKinds.length];
  const line = Buffer.from(`${object}\n`);
  const whole = cut ? line.subarray(0, placeIn(line.length - 2, keys)) : line;
  const bytes = Buffer.concat([
    ...(garbage && noise ? [noise] : []),
    whole,
    ...(duplicate ? [line] : []),
  ]);
  const packets = split ? pieces(bytes, keys) : [bytes];
  const objectEnd = bytes.length - (duplicate ? line.length : 0) - 1;
  return {
    packets,
    completedBy: cut ? -1 : indexOfPacketWith(objectEnd - 1, packets),
    cut,
    split,
    garbage,
    duplicate,
  };
}

function indexOfPacketWith(offset: number, packets: readonly Buffer[]): number {
  let end = 0;
  return packets.findIndex((packet) => {
    end += packet.length;
    return offset < end;
  });
}

/** Two to four pieces that together are the bytes, cut at any byte. */
function pieces(bytes: Buffer, keys: readonly number[]): Buffer[] {
  const cuts = [1, 2, 3]
    .slice(0, 1 + (hash(...keys, key.split, 0) % 3))
    .map((nth) => placeIn(bytes.length - 1, [...keys, nth]));
  const edges = [...new Set([0, ...cuts, bytes.length])].sort((a, b) => a - b);
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
}

/** A whole number from 1 to `last`, or 0 when there is none. */
function placeIn(last: number, keys: readonly number[]): number {
  return last < 1 ? 0 : 1 + (hash(...keys, key.cutAt) % last);
}
