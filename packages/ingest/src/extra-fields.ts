/**
 * The members of an object that have no column of their own, kept as JSON the way they were sent.
 *
 * What always holds: the JSON is one that Postgres's jsonb takes. What it would refuse is found here,
 * so that one reading never fails the batch it is in.
 */
import { FieldRefused, textFlaw } from '@zdenergy/core';
import { endOfText } from './members.js';

/**
 * The most digits before and after the point of Postgres's `numeric`, in which jsonb keeps numbers
 * (PostgreSQL manual, "Numeric Types"; the second is one less there than the number of its values).
 */
const maxWholeDigits = 131_072;
const maxDecimals = 16_383;

const ownFields = new Set(['id', 'time', 'temp', 'rh', 'lux', 'irradiance']);

/** What only a text or a number that jsonb may refuse contains. */
const doubtful = /\\u|\d[eE]/;
const number = /-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?/y;

/**
 * The members without a column, by name; `answered` is one that belongs to the protocol instead.
 * @throws {FieldRefused} for one that Postgres cannot hold.
 */
export function extraFields(
  sent: ReadonlyMap<string, string>,
  answered: string | undefined,
): Map<string, string> {
  const extra = new Map<string, string>();
  for (const [name, json] of sent) {
    if (ownFields.has(name) || name === answered) continue;
    const nameFlaw = textFlaw(name);
    if (nameFlaw !== undefined) throw new FieldRefused(`the name of a field ${nameFlaw}`);
    const flaw = jsonFlaw(json);
    if (flaw !== undefined) throw new FieldRefused(`${name} ${flaw}`);
    extra.set(name, json);
  }
  return extra;
}

/** A time that could not be used, as JSON: as it was sent, or its JSON as a text if jsonb refuses it. */
export function deviceTime(json: string): string {
  return jsonFlaw(json) === undefined ? json : JSON.stringify(json);
}

export function encodeExtra(extra: ReadonlyMap<string, string>): Buffer {
  let json = '';
  for (const [name, value] of extra) {
    json += `${json === '' ? '{' : ','}${JSON.stringify(name)}:${value}`;
  }
  return Buffer.from(`${json}}`);
}

/**
 * What keeps jsonb from holding a JSON value, in words that follow its name; undefined if it can.
 * It looks at the JSON and not at the value: of names that are repeated jsonb reads all.
 */
function jsonFlaw(json: string): string | undefined {
  if (json.length <= maxDecimals && !doubtful.test(json)) return undefined;
  for (let at = 0; at < json.length;) {
    const character = json[at];
    if (character === '"') {
      const end = endOfText(json, at);
      const flaw = textFlaw(JSON.parse(json.slice(at, end)) as string);
      if (flaw !== undefined) return flaw;
      at = end;
    } else if (character === '-' || (character >= '0' && character <= '9')) {
      number.lastIndex = at;
      const [sent, whole, decimals = '', exponent = '0'] = number.exec(json) ?? [character, ''];
      const shift = Number(exponent);
      if (whole.length + shift > maxWholeDigits || decimals.length - shift > maxDecimals) {
        return 'contains a number with too many digits';
      }
      at += sent.length;
    } else {
      at += 1;
    }
  }
  return undefined;
}
