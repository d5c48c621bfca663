/** Words for a terminal: numbers, sizes and times as people read them, and columns. */

export const count = (value: number): string => value.toLocaleString('en-US');

/** `1 reading`, `1,234 readings`. */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

export function size(bytes: number): string {
  if (bytes < 10_000) return counted(bytes, 'byte');
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} KB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** `2025-10-02 17:58:37Z` */
export const instant = (time: Date | number): string =>
  `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')}Z`;

/**
 * A text that others chose, made harmless for a terminal: nothing in it moves the cursor, changes
 * colours or hides what stands beside it. Line ends and tabs are kept, or shown as well.
 */
export function harmless(text: string, keepLines: boolean): string {
  const controls = keepLines ? /[^\P{C}\n\t]/gu : /\p{C}/gu;
  return text.replace(controls, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code === 10) return '\\n';
    if (code === 13) return '\\r';
    if (code === 9) return '\\t';
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** The text in at most so many characters. */
export function shortened(text: string, maxCharacters: number): string {
  const characters = [...text];
  return characters.length <= maxCharacters
    ? text
    : `${characters.slice(0, Math.max(0, maxCharacters - 1)).join('')}…`;
}

/** Rows as lines whose columns stand below each other; columns in `right` end at the right. */
export function columns(rows: readonly (readonly string[])[], right: readonly number[]): string[] {
  const width = (text: string): number => [...text].length;
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => width(row[column] ?? ''))),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const space = ' '.repeat((widths[column] ?? 0) - width(cell));
        return right.includes(column) ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd(),
  );
}
