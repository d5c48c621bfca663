/**
 * The table of the old server's database as a source.
 *
 * What always holds: rows come in the order of the table's key, so that reading goes on behind the last
 * one that was stored, and a later import takes what has been added since. A row of a transaction that
 * ends later than one with a larger key is passed over: nothing in the table tells of it. So the report
 * asks for one more reading from the start, once nobody writes there any more.
 */
import { z } from '@zdenergy/core';
import { openOldTable, type OldTable } from '@zdenergy/storage';
import { fields, mapColumns, missingColumns, type Mapped } from './columns.js';
import { lineBlocks } from './lines.js';
import type { Source, SourceBlock, SourceRow } from './source.js';

const placeInTable = z.object({ after: z.string().regex(/^-?\d+$/) });

export interface TableOptions {
  readonly url: string;
  readonly table: string;
  readonly given: ReadonlyMap<Mapped, string>;
  /** The only sensor, where the table names none. */
  readonly sensor: string | undefined;
}

/** @throws {Error} when it cannot be read, or its columns are not known. */
export async function openTable(options: TableOptions): Promise<Source> {
  const table = await openOldTable(options.url, options.table);
  try {
    return await sourceOf(table, options);
  } catch (error) {
    await table.close();
    throw error;
  }
}

async function sourceOf(table: OldTable, { given, sensor }: TableOptions): Promise<Source> {
  const names = table.columns.map(({ name }) => name);
  const { columns, unused } = mapColumns(names, given);
  const problem = missingColumns(columns, names, sensor !== undefined);
  if (problem !== undefined) throw new Error(`${table.name}: ${problem}`);
  const key = keyOf(table, columns.id);
  const extent = await table.extent(key);
  const selected = fields.map((field) =>
    field === 'sensor' && sensor !== undefined ? null : (columns[field] ?? null),
  );
  return {
    name: table.name,
    mayGrow: true,
    unused,
    identity: JSON.stringify(['table', table.name, key, selected, sensor ?? null]),
    async *blocks(from) {
      const place = placeInTable.safeParse(from);
      const after = place.success ? place.data.after : null;
      for await (const block of lineBlocks(table.rows(key, selected, after))) {
        const rows = block.lines.map(rowOf);
        const last = block.lines.at(-1)?.split('\t', 1)[0] ?? after;
        const share = extent === null ? 1 : shareOf(Number(last), extent);
        yield { rows, next: { after: last }, share } satisfies SourceBlock;
      }
    },
    raw: ({ line }) => {
      const [id, ...values] = line.split('\t');
      const named = fields.map((field, index) => [field, fieldOf(values[index] ?? '\\N')]);
      return JSON.stringify({ row: id, ...(Object.fromEntries(named) as object) });
    },
    close: () => table.close(),
  };
}

/** Reading can only go on behind a number of which there are no two. */
function keyOf(table: OldTable, name: string | undefined): string {
  const keys = table.columns.filter(({ isKey }) => isKey).map((column) => column.name);
  if (name !== undefined && keys.includes(name)) return name;
  const [only] = keys;
  if (name === undefined && keys.length === 1) return only;
  throw new Error(
    `${table.name}: an import goes by a column of whole numbers with a unique index, as a primary ` +
      `key has. ${name === undefined ? 'None is known as id' : `"${name}" is none`}; ` +
      (keys.length > 0
        ? `there ${keys.length === 1 ? 'is' : 'are'} ${keys.join(', ')}: --column id=${only}.`
        : 'the table has none. Add one, or import a CSV of it.'),
  );
}

const shareOf = (at: number, { first, last }: { first: number; last: number }): number =>
  last === first ? 1 : Math.min(1, Math.max(0, (at - first) / (last - first)));

/** A line of COPY's text format: tabs between fields, backslashes before what is special. */
function rowOf(line: string): SourceRow {
  const [key, ...values] = line.split('\t');
  return { place: `id ${key}`, fields: values.map(fieldOf), line };
}

const escaped: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function fieldOf(text: string): string | null {
  if (text === '\\N') return null;
  if (!text.includes('\\')) return text;
  return text.replace(/\\(.)/gs, (_, character: string) => escaped[character] ?? character);
}
