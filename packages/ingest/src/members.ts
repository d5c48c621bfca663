/** The members of a JSON object as they were written, so that their numbers lose no digits. */

/**
 * The name (decoded) and the text of each member's value, in order; of a repeated name the last.
 * `json` must be a valid JSON object.
 */
export function membersOf(json: string): Map<string, string> {
  const members = new Map<string, string>();
  let at = skipSpace(json, json.indexOf('{') + 1);
  while (json[at] === '"') {
    const nameEnd = endOfText(json, at);
    const name = JSON.parse(json.slice(at, nameEnd)) as string;
    const start = skipSpace(json, json.indexOf(':', nameEnd) + 1);
    const end = endOfValue(json, start);
    members.set(name, json.slice(start, end));
    at = skipSpace(json, end);
    if (json[at] === ',') at = skipSpace(json, at + 1);
  }
  return members;
}

function skipSpace(json: string, from: number): number {
  let at = from;
  while (at < json.length && ' \n\r\t'.includes(json[at])) at += 1;
  return at;
}

/** The index after the text whose opening quote is at `start`. */
export function endOfText(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

function endOfValue(json: string, start: number): number {
  if (json[start] === '"') return endOfText(json, start);
  let depth = 0;
  for (let at = start; at < json.length;) {
    const character = json[at];
    if (character === '"') {
      at = endOfText(json, at);
      continue;
    }
    if (character === '{' || character === '[') depth += 1;
    if (depth === 0 && (character === ',' || character === '}' || ' \n\r\t'.includes(character))) {
      return at;
    }
    if (character === '}' || character === ']') depth -= 1;
    at += 1;
    if (depth === 0 && (character === '}' || character === ']')) return at;
  }
  return json.length;
}
