/** Tables of plain text, and numbers as people read them. */

/** Rows of cells; the first column starts at the left, the others end at the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
      )
      .join('   ')
      .trimEnd(),
  );
}

/** Three digits that matter, with commas: 183,000 · 12.3 · 0.05. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 999.5) {
    const scale = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 2);
    return (Math.round(value / scale) * scale).toLocaleString('en-US');
  }
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

export const count = (value: number): string => value.toLocaleString('en-US');
export const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
export const percent = (part: number): string => `${(part * 100).toFixed(1)} %`;
export const milliseconds = (ms: number): string =>
  Number.isFinite(ms) ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : '–';
